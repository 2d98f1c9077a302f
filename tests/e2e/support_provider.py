"""An identity provider as the gateway sees one: HTTPS with a certificate of its own authority, and an introspection endpoint
(RFC 7662) that counts what it is asked."""
import base64
import collections
import http.server
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse

import support

ID, SECRET = "gateway of ship/7", "p@ss: wörd"


class Asked:
    """One question, as it came."""

    def __init__(self, headers, parameters):
        self.headers, self.parameters = headers, parameters

    @property
    def token(self):
        return self.parameters["token"][0]


class Provider:
    """`tokens` maps a token to the answer about it; any other is answered {"active":false}. `answer(asked)`, when it is set,
    gives (status, headers, body) instead. `held` (an Event, when it is set) is waited for before each answer."""

    def __init__(self, folder, name="gateway", client_ca=None, address=None):
        self.tokens, self.asked, self.answer, self.held = {}, [], None, None
        self.certificates, self.connections = [], set()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                provider.connections.add(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(dict((k.lower(), v) for k, v in self.headers.items()), urllib.parse.parse_qs(body.decode()))
                provider.certificates.append(self.connection.getpeercert())
                provider.asked.append(asked)
                held = provider.held
                if held:
                    held.wait(support.DEADLINE_S)
                status, headers, body = (provider.answer or provider.usual)(asked)
                try:
                    self.send_response(status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    if "Content-Length" not in headers:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, client_address):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key"))
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(os.path.join(folder, client_ca))
        self.address = address or support.own_address()
        self.make = lambda port: Server((self.address, port), Handler)
        self.context = context
        self.server = None
        self.port = 0
        self.open()

    def open(self):
        """Again after close(), at the same port."""
        self.server = self.make(self.port)
        self.port = self.server.server_address[1]
        # The handshake is the connection's own thread's, at its first read.
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def usual(self, asked):
        said = self.tokens.get(asked.token, {"active": False})
        return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def counts(self):
        """How often each token was asked about."""
        return collections.Counter(asked.token for asked in self.asked)

    def settings(self, more=""):
        """Of an authenticator that asks it."""
        return (f"method: introspection, url: \"https://{self.address}:{self.port}/introspect?realm=fleet\", ca: pki/ca.crt, "
                f"server_name: localhost, client_id: \"{ID}\", client_secret: env:PROVIDER_SECRET{more}")

    def close(self):
        """It is gone, and so are its connections."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def active(subject, seconds=3600, **more):
    return dict({"active": True, "sub": subject, "exp": int(time.time()) + seconds}, **more)


def is_proof(asked):
    """Did the one who asked prove who it is, as RFC 6749 section 2.3.1 has it?"""
    pair = ":".join(urllib.parse.quote_plus(part) for part in (ID, SECRET))
    return asked.headers.get("authorization") == "Basic " + base64.b64encode(pair.encode()).decode()
