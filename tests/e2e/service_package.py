"""What the Debian package brings beside the program: manual pages and completion that say what the program says, a configuration
that starts and answers as it comes, scripts that a shell can read."""
import json
import os
import shutil
import subprocess
import tempfile

import support
from support import Gateway, curl, run

DEBIAN = os.path.join(support.SOURCE, "toolchains", "debian")


def make_manual(folder):
    run(os.path.join(support.SOURCE, "toolchains", "manual"), folder, support.BINARY)
    return {name: open(os.path.join(folder, name), encoding="utf-8").read() for name in os.listdir(folder)}


def rendered(page):
    """As a reader sees it, without hyphenation; what groff has to complain about is a failure."""
    done = subprocess.run(["man", "--warnings", "--no-hyphenation", "--no-justification", "-l", page],
                          env=dict(os.environ, MANWIDTH="200", LC_ALL="C.UTF-8"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=True)
    assert not done.stderr, done.stderr
    return " ".join(done.stdout.split())


def keys_of(node):
    """Every key of the schema with what is said of it."""
    if isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield key, value.get("description", "")
        for value in node.values():
            yield from keys_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from keys_of(value)


def test_the_manual_says_what_the_program_says():
    with tempfile.TemporaryDirectory() as folder:
        first = make_manual(folder)
        assert first == make_manual(folder) and sorted(first) == ["fairlead.1", "fairlead.bash", "fairlead.yaml.5"]
        if not shutil.which("man") or not shutil.which("groff"):
            print("man or groff is not installed: the pages were not looked at")
            return
        commands = rendered(os.path.join(folder, "fairlead.1"))
        for words in ("run", "check", "client", "frame decode", "pki issue"):
            for line in run(support.BINARY, *words.split(), "--help").out.split("\n"):
                for part in line.strip().split("  "):
                    text = " ".join(part.replace("Usage:", "").split())
                    assert text in commands, (words, text)
        settings = rendered(os.path.join(folder, "fairlead.yaml.5"))
        schema = json.loads(run(support.BINARY, "check", "--schema").out)
        keys = list(keys_of(schema))
        assert len(keys) > 200
        for key, meaning in keys:
            assert (key in settings or key.upper() in settings) and " ".join(meaning.split()) in settings, (key, meaning)


def complete(folder, *words):
    script = f'. {folder}/fairlead.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() {{ :; }}; _fairlead; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return run("bash", "-c", script, "bash", "fairlead", *words, cwd=folder).out.split()


def test_completion():
    with tempfile.TemporaryDirectory() as folder:
        make_manual(folder)
        assert complete(folder, "r") == ["run"]
        assert {"run", "check", "frame", "pki", "--help"} <= set(complete(folder, ""))
        assert complete(folder, "pki", "i") == ["init", "issue"]
        assert complete(folder, "pki", "issue", "--prof") == ["--profile"]
        assert complete(folder, "frame", "decode", "--me") == ["--messages"]
        assert complete(folder, "check", "-c", "fairlead.y") == ["fairlead.yaml.5"]
        assert complete(folder, "frame", "decode", "fairlead.b") == ["fairlead.bash"]  # no option: a file


def test_the_configuration_of_the_package_starts_and_answers():
    with open(os.path.join(DEBIAN, "conffiles"), encoding="ascii") as text:
        assert text.read().split() == ["/etc/fairlead/fairlead.yaml", "/etc/init.d/fairlead"]
    with open(os.path.join(DEBIAN, "fairlead.yaml"), encoding="utf-8") as text:
        configuration = text.read()
    assert "bind: 127.0.0.1:8080" in configuration and "state: /var/lib/fairlead" in configuration
    here = configuration.replace("127.0.0.1:8080", '"{address}:{port_web}"').replace("/var/lib/fairlead", "state")
    with Gateway(here) as gateway:
        assert curl(gateway.url("/hello/world"), "--json", '{"value":1}')[0] in (200, 202, 204)
        support.wait_until(lambda: any('{"value":1}' in line for line in gateway.printed), "the message in the log")


def test_the_scripts_of_the_package():
    for name in ("postinst", "prerm", "postrm"):
        path = os.path.join(DEBIAN, name)
        assert os.access(path, os.X_OK)
        run("dash", "-n", path)
        if shutil.which("shellcheck"):
            run("shellcheck", path)


if __name__ == "__main__":
    support.main(globals())
