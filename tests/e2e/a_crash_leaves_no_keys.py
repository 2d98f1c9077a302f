"""A core dump holds every key that the gateway has: a crash leaves none, unless the configuration asks for it."""
import glob
import os
import resource
import signal

import support
from support import RestBackend, TOKENS, fleet

WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }'


def crash(configuration):
    """(did the system write a dump, the files that it left) when a gateway ends by SIGABRT where dumps are welcome."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        # The sanitizer would forbid dumps by itself.
        options = os.environ.get("ASAN_OPTIONS", "detect_leaks=1") + ":disable_coredump=0"
        gateway = support.Gateway(configuration, environment=dict(TOKENS, ASAN_OPTIONS=options))
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    with open(f"/proc/{gateway.process.pid}/limits", encoding="ascii") as limits:
        soft = next(line.split()[4] for line in limits if line.startswith("Max core file size"))
    os.kill(gateway.process.pid, signal.SIGABRT)
    _, status = os.waitpid(gateway.process.pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    dumps = [name for name in glob.glob(os.path.join(gateway.folder, "*")) if "core" in os.path.basename(name)]
    gateway.process.returncode = -signal.SIGABRT
    support.shutil.rmtree(gateway.folder, ignore_errors=True)
    return os.WCOREDUMP(status), dumps, soft


def test_a_crash_leaves_a_dump_only_where_the_configuration_says_so():
    backend = RestBackend()
    configuration = fleet(backend.url, WEB)
    dumped, dumps, soft = crash(configuration)
    assert not dumped and not dumps and soft == "0", (dumped, dumps, soft)
    allowed = resource.getrlimit(resource.RLIMIT_CORE)[1]
    dumped, dumps, soft = crash(configuration.replace("name: test", "name: test, core_dumps: true"))
    assert soft == ("unlimited" if allowed == resource.RLIM_INFINITY else str(allowed)), soft
    print(f"where it is allowed: dumped={dumped} files={len(dumps)}")
    backend.close()


support.main(globals())
