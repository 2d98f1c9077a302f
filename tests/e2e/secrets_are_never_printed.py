"""Secrets stay where they are: one of each kind is seeded, used rightly and wrongly over every protocol, written into files with
mistakes, asked for by every command; and then the log (at its most talkative), what the commands print, every answer to
somebody else, what backends hear, the audit log, and for what is kept there the state folder, are searched for them."""
import base64
import json
import os
import re
import secrets as dice
import signal
import socket
import time

import every_refusal_over_frames as frames
import jwt

import support
import support_coap as coap
import support_mqtt as mqtt
from support import run, wait_until
from support_passwords import scrypt
from support_tls import make_pki

CHARS = {kind: f"{kind}{dice.token_hex(8 if kind.endswith('Psk') else 20)}" for kind in (
    "Token", "Pass", "LatePsk", "Jwt", "Key", "Psk", "Introspection", "Broker", "Foreign", "Typed", "LatePass", "Plain", "Wrong", "Passphrase", "Hashed")}
# How the last one is kept. Whoever is refused costs what the last hash cost that was verified, and hundreds are: so it is a cheap one.
HASH = scrypt(CHARS["Hashed"], 10)
READINGS = "/ships/sensors/engine-7"
FORM = "application/x-www-form-urlencoded"
WAYS = ("token", "user", "apikey", "jwt", "cloud")


def spellings(secret):
    """The secret as it may stand in a text: as it is, in hexadecimal, and in base64 at any place of a longer text."""
    plain = secret.encode()
    yield plain
    yield plain.hex().encode()
    for before in range(3):
        coded = base64.b64encode(b"?" * before + plain)
        yield coded[4 if before else 0:len(coded) - 4]


def found(secrets, content):
    return [kind for kind, secret in secrets.items() for spelling in spellings(secret) if spelling.lower() in content.lower()]


class Watch:
    """All that was seen, by where."""

    def __init__(self):
        self.secrets, self.seen = {**CHARS, "Hash": HASH.rpartition("$")[2]}, []

    def add(self, where, *contents):
        for content in contents:
            self.seen.append((where, content if isinstance(content, bytes) else content.encode()))

    def command(self, *arguments, **options):
        done = run(support.BINARY, *arguments, **{"expect": None, **options})
        self.add(" ".join(str(part) for part in arguments[:2]), done.out, done.err)
        return done

    def check(self):
        leaks = [(kind, where, content.decode("utf-8", "replace")[:400]) for where, content in self.seen
                 for kind in found(self.secrets, content)]
        assert not leaks, "\n".join(f"{kind}: {where}: {content}" for kind, where, content in leaks[:20])


def configuration(backend, provider):
    alone = "".join(f'  - {{ name: only-{way}, path: /only/{way}, methods: [POST], auth: [{way}], to: telemetry }}\n' for way in WAYS)
    return f"""
gateway: {{ name: test, state: state, guessing: {{ attempts: 0 }}, limits: {{ body: 64KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: webs, protocol: http, bind: "{{address}}:{{port_webs}}",
      tls: {{ certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: optional }} }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}", token_in_query: accept }}
  - {{ name: coaps, protocol: coap, bind: "{{address}}:{{port_coaps}}", tls: {{ psk: true }} }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
  - {{ name: mqtts, protocol: mqtt, bind: "{{address}}:{{port_mqtts}}", tls: {{ psk: true }} }}
  - {{ name: frames, protocol: binary, bind: "tcp://{{address}}:{{port_frames}}", frame: {frames.SCHEMA} }}
  - {{ name: site, protocol: mqtt, broker: "mqtt://{{address}}:{{port_mqtt}}", user: engine-7, password: file:secrets/Broker,
      subscribe: ["ships/+/sensors/#"], publisher: {{ topic_segment: 2 }} }}
auth:
  token: {{ method: token }}
  user: {{ method: password }}
  key: {{ method: psk }}
  cert: {{ method: mtls }}
  site: {{ method: broker, listeners: [site] }}
  apikey: {{ method: api-key, header: X-API-Key, query: api_key }}
  jwt: {{ method: jwt, secret: file:secrets/Jwt, audience: fairlead }}
  cloud: {{ method: introspection, url: "{provider.url}/introspect", client_id: gateway, client_secret: file:secrets/Introspection }}
roles:
  sensor: {{ allow: ["GET,POST /ships/sensors/{{self}}"] }}
clients:
  - {{ id: engine-7, roles: [sensor], token: file:secrets/Token, psk: file:secrets/Psk, api_key: file:secrets/Key }}
  - {{ id: engine-8, roles: [sensor], password: file:secrets/Pass }}
  - {{ id: engine-6, roles: [sensor], password: file:secrets/Hash }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend.url} }}], retries: 0 }}
  issuer: {{ protocol: issuer, url: "http://box.example", clients: [user, cert], users: [user] }}
endpoints:
  - {{ name: readings, path: "/ships/sensors/{{device}}", methods: [GET, POST], auth: [token, user, key, cert, site, apikey, jwt, cloud],
      operation: ReportReading, to: telemetry }}
  - {{ name: oauth, path: "/oauth/{{service}}", methods: [GET, POST], auth: [none], accept: ["{FORM}", application/json], to: issuer }}
{alone}"""


def bytes_from(address, port, sent):
    """What is answered to these bytes, up to the end of the connection or of our patience."""
    with socket.create_connection((address, port), timeout=support.DEADLINE_S) as peer:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while more := peer.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def post(path, body, *fields, media="application/json", method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: box", f"Content-Type: {media}", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n" + body).encode()


def basic(user, secret):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def http_requests(secret):
    """Right ones and wrong ones."""
    bearer, body = f"Authorization: Bearer {secret}", support.READING_TEXT
    yield post(READINGS, body, bearer)
    yield post(READINGS, body, basic("engine-8", secret))
    yield post(READINGS, body, basic(secret, "x"))
    for way in WAYS:
        yield post(f"/only/{way}", body, bearer)
        yield post(f"/only/{way}", body, basic(secret, secret))
        yield post(f"/only/{way}", body, f"X-API-Key: {secret}")
    yield post("/ships/sensors/engine-8", body, basic("engine-8", secret))
    yield post("/ships/sensors/engine-9", body, bearer)
    yield post("/nothing", body, bearer)
    yield post(READINGS, body, bearer, method="DELETE")
    yield post(f"{READINGS}?access_token={secret}", body)
    yield post(f"/nothing?access_token={secret}", body)
    yield post(f"{READINGS}?api_key={secret}&more=1", body)
    yield post(f"{READINGS}?api_key={secret}&api_key={secret}", body)
    yield post(f"/nothing?api_key={secret}", body)
    for field in (f"Authorization: {secret}", f"Authorization: Bearer {secret} {secret}", f"Authorization: Basic {secret}",
                  f"Authorization: Digest {secret}", f"Authorization: Bearer {secret}\0", f"Authorization Bearer {secret}",
                  f"Authorization : Bearer {secret}", f"{bearer}\r\n{bearer}", f"{bearer}\r\nContent-Length: {secret}",
                  f"{bearer}{'x' * 20000}", f"Cookie: session={secret}", f"X-API-Key: {secret}"):
        yield post(READINGS, body, field)
    for wrong in (f'{{"password":"{secret}"', f'{{"password":{secret}}}', f'{{"{secret}":1,"{secret}":2}}', f"<a>{secret}</b>"):
        yield post(READINGS, wrong, bearer)
        yield post(READINGS, wrong, bearer, media="application/xml")
    yield f"GET {READINGS} HTTP/9.{secret}\r\n{bearer}\r\n\r\n".encode()
    yield f"GET {READINGS}\r\n{bearer}\r\n\r\n".encode()


def oauth_requests(secret):
    for form in (f"grant_type=client_credentials&client_id=engine-8&client_secret={secret}x",
                 f"grant_type=client_credentials&client_id={secret}&client_secret={secret}",
                 f"grant_type=client_credentials&client_secret={secret}&client_secret={secret}",
                 f"grant_type={secret}", f"grant_type=password&username=engine-8&password={secret}x",
                 f"grant_type=refresh_token&refresh_token={secret}", f"token={secret}", f"{secret}", f"%{secret}=%zz",
                 f"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={secret}.{secret}.{secret}",
                 f"grant_type=client_credentials&scope={secret}"):
        for service in ("token", "revoke", "introspect"):
            yield post(f"/oauth/{service}", form, media=FORM)
            yield post(f"/oauth/{service}", form, basic("engine-8", secret + "x"), media=FORM)
    yield post("/oauth/token", f'{{"grant_type":"password","username":"{secret}","password":"{secret}","password":1}}')
    yield post("/oauth/token", f'{{"grant_type":"{secret}"')


def soap_requests(secret):
    def envelope(password, end="Password"):
        return ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><w:Security '
                'xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken>'
                f"<w:Username>engine-8</w:Username><w:Password>{password}</w:{end}></w:UsernameToken></w:Security></s:Header>"
                "<s:Body><ReportReading><device>engine-8</device><value>1</value></ReportReading></s:Body></s:Envelope>")
    for text in (envelope(secret), envelope(secret + "x"), envelope(secret, "Passwort"), envelope(f"<a>{secret}</a>"),
                 envelope(f"{secret}</w:Password><w:Password>{secret}"), envelope(f"&{secret};"), envelope(secret)[:-20]):
        yield post("/ships/sensors", text, 'SOAPAction: ""', media="text/xml")


def over_http(watch, gateway, secrets):
    for kind, secret in secrets.items():
        for requests in (http_requests, oauth_requests, soap_requests):
            for number, sent in enumerate(requests(secret)):
                watch.add(f"{requests.__name__} {number} with {kind}", bytes_from(gateway.address, gateway.port("web"), sent))


def over_mqtt(watch, gateway, secrets):
    for kind, secret in secrets.items():
        for version in (4, 5):
            right = [mqtt.connect(version, "c", user, secret) for user in ("engine-7", "engine-8", secret)]
            right.append(mqtt.connect(version, "c", None, None, will=("a/b", secret)))
            publishing = mqtt.publish("ships/sensors/engine-9", secret, 1, version=version)
            malformed = [right[0][:-3], right[0] + b"\x30\xff\xff\xff\xff\xff", right[0].replace(b"MQTT", b"MQTX"),
                         b"\x10" + mqtt.variable(len(secret)) + secret.encode(), right[0] + right[0]]
            if version == 5:
                malformed.append(mqtt.connect(5, "c", "engine-7", secret, properties=b"\x15" + mqtt.text("x") + b"\x16" + mqtt.text(secret)))
            for number, sent in enumerate([connect + publishing + mqtt.DISCONNECT for connect in right] + malformed):
                watch.add(f"mqtt {version} {number} with {kind}", bytes_from(gateway.address, gateway.port("mqtt"), sent))


def over_coap(watch, gateway, secrets):
    client = coap.connect(gateway)
    client.socket.settimeout(0.5)  # what is no message is not answered
    for kind, secret in secrets.items():
        query = [(coap.URI_QUERY, f"access_token={secret}".encode())]
        for path, options, body in ((READINGS, query, b"{}"), ("/nothing", query, b"{}"), (READINGS, query * 2, b"{}"),
                                    (READINGS, query, secret.encode()), (READINGS, query + [(9, secret.encode())], b"{}"),
                                    (READINGS, [(coap.URI_QUERY, f"api_key={secret}".encode())], b"{}"),
                                    (READINGS, [(coap.URI_QUERY, secret.encode())], b"{}")):
            client.send(client.request(coap.POST, path, body, form=coap.JSON, options=options).pack())
            try:
                watch.add(f"coap with {kind}", client.socket.recv(65536))
            except TimeoutError:
                pass
        client.send(b"\x7f\x02" + secret.encode())
    for name, secret in (("engine-7", secrets["Psk"]), ("engine-7", secrets["Wrong"]), (secrets["Typed"], secrets["Psk"])):
        done = run("timeout", "5", "coap-client-openssl", "-B", "3", "-m", "post", "-t", "json", "-e", "{}", "-u", name, "-k", secret,
                   f"coaps://{gateway.address}:{gateway.port('coaps')}{READINGS}", expect=None)
        watch.add("coaps", done.out.replace(name, ""))


def over_frames(watch, gateway, secrets):
    for kind, secret in secrets.items():
        login = frames.login("engine-7", secret)
        for sent in (login + frames.reading(), frames.login(secret, "x"), login[:-1] + bytes([login[-1] ^ 1]), login[:-4],
                     frames.frame(9, secret.encode()), frames.frame(1, frames.text("engine-7") + b"\xff" + secret.encode())):
            watch.add(f"frames with {kind}", bytes_from(gateway.address, gateway.port("frames"), sent))


# Lines that somebody writes who mistakes where a secret stands; {} is the secret. What is there, and what is in its place.
MISTAKES = [
    ("token: file:secrets/Token", "token: {}"),
    ("token: file:secrets/Token", "tokn: {}"),
    ("token: file:secrets/Token", "token: [{}]"),
    ("token: file:secrets/Token", "token: {{ {}: {} }}"),
    ("token: file:secrets/Token", "token: \"{}"),
    ("psk: file:secrets/Psk", "psk: 0x{}"),
    ("psk: file:secrets/Psk", "psk: file:secrets/LongPsk"),
    ("api_key: file:secrets/Key", "api_key: {}"),
    ("api_key: file:secrets/Key", "api_key: file:secrets/Psk"),
    ("password: file:secrets/Pass", "password: {}"),
    ("password: file:secrets/Pass", "password: file:secrets/OddHash"),
    ("password: file:secrets/Pass", "password: file:secrets/BadHash"),
    ("secret: file:secrets/Jwt", "secret: {}"),
    ("secret: file:secrets/Jwt", "secret: file:secrets/ShortJwt"),
    ("secret: file:secrets/Jwt", "key: file:secrets/Jwt"),
    ("secret: file:secrets/Jwt", "jwks: file:secrets/Jwt"),
    ("client_secret: file:secrets/Introspection", "client_secret: {}"),
    ("client_secret: file:secrets/Introspection", "client_secret: {}, bearer: {}"),
    ("password: file:secrets/Broker", "password: {}"),
    ("key: pki/gateway.key", "key: secrets/Token"),
    ("key: pki/gateway.key", "key: pki/ca.crt"),
    ("client_ca: pki/ca.crt", "client_ca: pki/gateway.key"),
]


def mistakes(text, secret):
    for right, wrong in MISTAKES:
        assert right in text, right
        yield text.replace(right, wrong.format(secret, secret))


def private_key_lines(files):
    """A line out of each private key."""
    return {name: content.decode().split("\n")[2] for name, content in files.items() if name.endswith(".key")}


def secret_files():
    files = {f"secrets/{kind}": secret for kind, secret in CHARS.items()}
    files["secrets/Hash"] = HASH
    files["secrets/LongPsk"] = CHARS["Plain"] * 4
    files["secrets/ShortJwt"] = CHARS["Plain"][:24]
    files["secrets/OddHash"] = f"$2b$12${CHARS['Plain']}"
    files["secrets/BadHash"] = f"$scrypt$ln=15,r=8,p=1${CHARS['Plain']}"
    return files


def issued(watch, gateway):
    """Tokens of the token service; their secrets are watched from now on."""
    status, _, body = support.curl("-u", f"engine-8:{CHARS['Pass']}", "-d", "grant_type=password", "-d", "username=engine-8",
                                   "-d", f"password={CHARS['Pass']}", gateway.url("/oauth/token"))
    answer = json.loads(body)
    assert status == 200, answer
    signed = {"sub": "engine-7", "aud": "fairlead", "exp": time.time() + 3600}
    tokens = {"Signed": jwt.encode(signed, CHARS["Jwt"], "HS256"), "Late": jwt.encode({**signed, "exp": 1}, CHARS["Jwt"], "HS256"), "Access": answer["access_token"], "Refresh": answer["refresh_token"]}
    watch.secrets.update(tokens)
    return tokens


def administered(watch, gateway):
    """Clients at run time, by the commands and by the socket; what is made for them is watched from now on."""
    here = ("-c", gateway.path)
    in_files = ("--psk", "file:secrets/LatePsk", "--password", "file:secrets/LatePass")
    watch.command("client", "add", "late-1", *here, "--role", "sensor", *in_files, expect=0, cwd=gateway.folder)
    made = {}
    for kind, arguments in (("LateToken", ()), ("LateKey", ("--api-key",))):
        made[kind] = run(support.BINARY, "token", "issue", "late-1", *here, *arguments).out.strip()
    watch.secrets.update(made)
    for secret in (CHARS["Plain"], CHARS["LatePsk"], made["LateToken"]):
        for option in ("--psk", "--password", "--plan"):
            watch.command("client", "add", "late-2", *here, option, secret, option, secret, expect=None if option == "--plan" else 2)
        watch.command("token", "revoke", *here, "--secret", secret, expect=2)
    watch.command("client", "add", "late-1", *here, *in_files, expect=1, cwd=gateway.folder)  # is there
    watch.command("client", "add", "late-3", *here, "--psk", "file:secrets/LongPsk", expect=1, cwd=gateway.folder)
    for shown in (("client", "list"), ("client", "show", "late-1"), ("client", "show", "engine-7"), ("token", "list")):
        watch.command(*shown, *here, expect=0)
        watch.command(*shown, *here, "--json", expect=0)
    for secret in (CHARS["Plain"], CHARS["LatePsk"], *made.values()):
        for call, media, body in (
                ("clients", "application/json", f'{{"id":"x","psk":"{secret}"'),
                ("clients", "application/json", f'{{"id":"x","psk":"{secret * 4}"}}'),
                ("clients", "application/json", f'{{"id":"x","password":"{secret}"}}'),
                ("clients", "application/json", f'{{"id":"x","password_hash":"{secret}"}}'),
                ("clients", "application/json", f'{{"id":"x","certificates":["{secret}"]}}'),
                ("clients", "application/json", f'{{"id":"x","psk":["{secret}"],"token":"{secret}"}}'),
                ("clients", "application/json", f'{{"id":"late-1","psk":"{secret}"}}'),
                ("clients", "text/plain", secret),
                ("clients:import", "text/csv", f"id,psk\nx,{secret},{secret}\ny,\"{secret}"),
                ("clients:import", "text/csv", f"id,roles,psk\n,sensor,{secret}\nz,nothing,0x{secret}\n"),
                ("clients:import", "application/json", f'[{{"psk":"{secret}"}},{{"id":"late-1","psk":"{secret}"}}]'),
                ("clients/late-1/tokens", "application/json", f'{{"expires_in":"{secret}"}}'),
                ("tokens:revoke", "application/json", f'{{"secret":"{secret}x"}}'),
                ("tokens:revoke", "application/json", f'{{"secret":["{secret}"]}}')):
            said = run("curl", "-sS", "-i", "--unix-socket", os.path.join(gateway.folder, "state", "control.sock"), "-H",
                       f"Content-Type: {media}", "--data-binary", body, f"http://gateway/admin/v1/{call}")
            assert re.match(r"HTTP/1\.1 4", said.out), (call, body, said.out)
            watch.add(f"admin {call}", said.out)
    return made


def derive_quickly(key, passphrase):
    """The same key under the same passphrase, in 2048 rounds and not in 600,000: each command that opens it goes through them."""
    run("openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "2048", "-in", key, "-out", key + ".new",
        "-passin", "env:PASSPHRASE", "-passout", "env:PASSPHRASE", env=dict(os.environ, PASSPHRASE=passphrase))
    os.replace(key + ".new", key)


def over_pki(watch, folder):
    """The device CA, whose key and bundles have passphrases: right ones, wrong ones, and one in plain."""
    pki = os.path.join(folder, "authority")

    def command(*arguments):
        return watch.command("pki", *arguments, "--dir", pki, cwd=folder).returncode
    right, wrong = "file:secrets/Passphrase", "file:secrets/Wrong"
    assert command("init", "--name", "Test", "--passphrase", right) == 0
    derive_quickly(os.path.join(pki, "ca.key"), CHARS["Passphrase"])
    assert command("issue", "engine-7", "--profile", "device", "--ca-passphrase", right, "--p12", "engine-7.p12", "--passphrase", right) == 0
    for given in (wrong, CHARS["Passphrase"], "env:" + "NOT_SET"):
        assert command("issue", "engine-8", "--profile", "device", "--ca-passphrase", given) != 0
        assert command("revoke", "engine-7", "--ca-passphrase", given) != 0
    assert command("issue", "engine-8", "--profile", "device", "--ca-passphrase", right, "--p12", "x.p12", "--passphrase", CHARS["Plain"]) != 0
    assert command("revoke", "engine-7", "--ca-passphrase", right) == 0
    assert command("list") == 0 and command("list", "--json") == 0
    search_folder(watch, pki, CHARS)


def search_folder(watch, folder, secrets):
    """What is kept there is kept as what nobody can use."""
    searched = 0
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                content = file.read()
            searched += 1
            assert not found(secrets, content), (found(secrets, content), path)
            if "/audit/" in path:
                watch.add(path, content)
    assert searched >= 3, searched


def provider_that_repeats(seen):
    """An identity provider that answers with all it was told, in its error."""
    told = json.dumps({"error": seen.body.decode(), "authorization": seen.headers.get("authorization")})
    return (500 if "Wrong" in told else 200), {"Content-Type": "application/json"}, told.encode()


def heard_by_backends(watch, backend):
    for seen in backend.seen:
        watch.add(f"a backend, {seen.method}", json.dumps(seen.headers), seen.path)


def test_the_search_finds_what_it_looks_for():
    for secret in CHARS.values():
        for before in range(7):
            text = "x" * before + secret + "yz"
            for content in (text.encode(), base64.b64encode(text.encode()), text.encode().hex().encode()):
                assert found({"it": secret}, content) and not found({"it": secret}, b"a" + content[:4]), content


def test_nothing_secret_gets_out():
    _, pki = make_pki()
    watch, backend, provider = Watch(), support.RestBackend(), support.RestBackend(provider_that_repeats)
    watch.secrets.update(private_key_lines(pki))
    text = configuration(backend, provider)
    with support.Gateway(text, files={**pki, **secret_files()}) as gateway:
        gateway.signal(signal.SIGUSR2)  # the debug log
        assert support.curl("-u", f"engine-6:{CHARS['Hashed']}", "--json", "{}", gateway.url("/ships/sensors/engine-6"))[0] == 200
        tokens = issued(watch, gateway)
        tokens.update(administered(watch, gateway))
        tried = {**CHARS, **tokens}
        for talk in (over_http, over_mqtt, over_coap, over_frames):
            talk(watch, gateway, tried)
        for wrong in mistakes(text, CHARS["Plain"]):
            gateway.write(wrong)
            assert watch.command("check", "-c", gateway.path).returncode in (0, 2)
            gateway.reload()
        gateway.write(text)
        gateway.reload()
        for name in ("web", "coap", "coaps", "mqtt", "frames"):
            assert gateway.counters(name)["answered.ok"], name  # right ones were believed
        watch.command("audit", "tail", "-c", gateway.path, "-n", "10000", expect=0)
        watch.command("audit", "tail", "-c", gateway.path, "-n", "10000", "--json", expect=0)
        for method, path in (("POST", READINGS), ("GET", "/nothing")):
            watch.command("check", "-c", gateway.path, "--as", "engine-7", method, path, expect=0 if path == READINGS else 1)
        over_pki(watch, gateway.folder)
        for typed, code in ((CHARS["LatePass"], 0), (CHARS["LatePass"] * 100, 1)):
            assert watch.command("password", "hash", input=typed.encode()).returncode == code, len(typed)
            watch.command("password", "hash", typed, expect=2)
        for file in ("cmdline", f"task/{gateway.process.pid}/children"):
            with open(f"/proc/{gateway.process.pid}/{file}", "rb") as content:
                watch.add(file, content.read())
        search_folder(watch, os.path.join(gateway.folder, "state"), {**tokens, **CHARS})
        heard_by_backends(watch, backend)
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        wait_until(lambda: " stopped" in gateway.log(), "the end of the log")
        log = gateway.log()
        for sign in (" debug ", "unauthenticated", "forbidden", "malformed", "counters listener=web", "client=engine-8"):
            assert sign in log, sign
        for line in gateway.lines + gateway.printed:
            watch.add("log", line)
    watch.check()
    backend.close()
    provider.close()


support.main(globals())
