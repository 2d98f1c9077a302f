"""What tests/bench/run and tests/bench/footprint share: servers as child processes, what the kernel says of them, the yardsticks'
settings, and the bytes of one message of each protocol."""
import glob
import os
import platform
import resource
import shutil
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BINARY = os.path.join(SOURCE, "build", "release", "fairlead")
BUILT = os.path.join(SOURCE, "build", "bench")
TOKEN = "0123456789abcdef0123456789abcdef"
JWT_SECRET = TOKEN + TOKEN
SECRETS = {"TOKEN": TOKEN, "JWT_SECRET": JWT_SECRET}
ADDRESS = "127.77.0.1"
READING = b'{"sensor":"temperature","value":81.4,"unit":"Cel"}'

# nginx and HAProxy look the token up in a table, hand the client's name on and give each request an id, as Fairlead does.
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_authorization $client {{ default ""; "Bearer {token}" engine-7; }}
  upstream sink {{ server {address}:{sink}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen {address}:{nginx};
    location / {{ if ($client = "") {{ return 401; }}
      proxy_pass http://sink; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization ""; proxy_set_header X-Client $client; proxy_set_header X-Request-Id $request_id;
      add_header X-Request-Id $request_id; }} }} }}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind {address}:{haproxy}
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-request set-var(txn.client) http_auth_bearer,map_str({folder}/tokens)
  http-request deny deny_status 401 unless {{ var(txn.client) -m found }}
  http-request set-header X-Client %[var(txn.client)]
  http-request del-header Authorization
  http-response set-header X-Request-Id %[unique-id]
  default_backend b
frontend j
  bind {address}:{haproxy_jwt}
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.client) http_auth_bearer,jwt_payload_query('$.sub')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str HS256 }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str https://id.example }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str fairlead }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_verify(txn.alg,"{secret}") -m int 1 }}
  http-request set-header X-Client %[var(txn.client)]
  http-request del-header Authorization
  http-response set-header X-Request-Id %[unique-id]
  default_backend b
backend b
  server s {address}:{sink}
"""
MOSQUITTO = "listener {mosquitto} {address}\nallow_anonymous true\nlog_type none\n"

def http_request(body, media, path="/ships/sensors/engine-7", token=TOKEN):
    return (f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: {media}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def mqtt_connect(number):
    def text(plain):
        return struct.pack(">H", len(plain)) + plain.encode()

    body = text("MQTT") + b"\x04\xc2" + struct.pack(">H", 600) + text(f"idle-{number}") + text("engine-7") + text(TOKEN)
    return bytes([0x10, len(body)]) + body


def mqtt_publish():
    topic = b"ships/sensors/engine-7"
    publish = struct.pack(">H", len(topic)) + topic + b"\x00\x01" + READING
    return bytes([0x32, len(publish)]) + publish


def build(name, *flags):
    """A program of this folder; None when its library is not installed."""
    source, target = os.path.join(HERE, name + ".c"), os.path.join(BUILT, name)
    if os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(source):
        return target
    os.makedirs(BUILT, exist_ok=True)
    done = subprocess.run(["cc", "-O2", "-std=c11", "-D_GNU_SOURCE", source, "-o", target, *flags], stderr=subprocess.DEVNULL)
    return target if done.returncode == 0 else None


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def proc(path):
    with open(f"/proc/{path}", encoding="ascii", errors="replace") as file:
        return file.read()


class Server:
    """A server of the run; when `port` is given, it listens there once this returns."""

    def __init__(self, command, port=None, environment=None, log=os.devnull):
        self.began = time.monotonic()
        with open(log, "wb") as out:
            self.process = subprocess.Popen([str(part) for part in command], env=dict(os.environ, **(environment or {})),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        while port and time.monotonic() < self.began + 10:
            with socket.socket() as probe:
                if probe.connect_ex((ADDRESS, port)) == 0:
                    return
            if self.process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {self.process.returncode}; see {log}")
            time.sleep(0.0005)
        if port:
            raise SystemExit(f"{command[0]} does not listen")

    def pids(self):
        """The process and its children (nginx works in one)."""
        children = proc(f"{self.process.pid}/task/{self.process.pid}/children").split()
        return [self.process.pid] + [int(pid) for pid in children]

    def tasks(self, file):
        return [proc(path[6:]) for pid in self.pids() for path in glob.glob(f"/proc/{pid}/task/*/{file}")]

    def cpu_ns(self):
        return sum(int(text.split()[0]) for text in self.tasks("schedstat"))

    def wakeups(self):
        lines = [line for text in self.tasks("status") for line in text.splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    def memory_mb(self, kind):
        lines = [line for pid in self.pids() for line in proc(f"{pid}/smaps_rollup").splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith(kind + ":")) / 1024

    def memory(self):
        return {kind: self.memory_mb(kind) for kind in ("Pss", "Rss")}

    def runs(self):
        """How often the scheduler has let one of its threads run."""
        return sum(int(text.split()[2]) for text in self.tasks("schedstat"))

    def count(self, what):
        """Threads (`task`), or open descriptors (`fd`)."""
        return sum(len(os.listdir(f"/proc/{pid}/{what}")) for pid in self.pids())

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Servers:
    """All that run, their ports and their files."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="fairlead-bench-")
        self.running = {}
        names = ("sink", "http", "mqtt", "binary", "nginx", "haproxy", "haproxy_jwt", "mosquitto")
        self.ports = {name: free_port() for name in names}
        self.ports.update((name, free_port(socket.SOCK_DGRAM)) for name in ("coap", "coap_bare"))
        self.file("tokens", f"{TOKEN} engine-7\n")
        self.server("sink", [build("sink"), ADDRESS, self.ports["sink"]], self.ports["sink"])

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def settings(self, name, template):
        return self.file(name, template.format(address=ADDRESS, folder=self.folder, source=SOURCE, token=TOKEN, secret=JWT_SECRET,
                                               **self.ports))

    def server(self, name, command, port=None, **options):
        """Starts it, unless it runs already; None: not installed."""
        if name not in self.running and command[0] and shutil.which(str(command[0])):
            self.running[name] = Server(command, port, **options)
        return self.running.get(name)

    def nginx(self):
        return self.server("nginx", ["nginx", "-c", self.settings("nginx.conf", NGINX), "-p", self.folder], self.ports["nginx"])

    def haproxy(self):
        return self.server("haproxy", ["haproxy", "-db", "-f", self.settings("haproxy.cfg", HAPROXY)], self.ports["haproxy"])

    def mosquitto(self):
        return self.server("mosquitto", ["mosquitto", "-c", self.settings("mosquitto.conf", MOSQUITTO)], self.ports["mosquitto"])

    def stop(self, name):
        if name in self.running:
            self.running.pop(name).stop()

    def close(self):
        for name in reversed(list(self.running)):
            self.stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)


def machine():
    models = [line.split(":", 1)[1].strip() for line in proc("cpuinfo").splitlines() if line.startswith("model name")]
    return models[0] if models else platform.machine()


def raise_descriptors():
    """As many connections as the system lets us have, for the servers as well."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
