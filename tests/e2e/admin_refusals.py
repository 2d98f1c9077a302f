"""What the administration refuses: who may not come, where it is not, and what makes no sense."""
import json
import os
import socket

import support
import support_admin as admin
from support import RestBackend, curl


def test_nobody_comes_without_being_somebody_who_may():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        assert curl(gate.url("/admin/v1/clients", "admin"))[0] == 401
        assert admin.call(gate, "GET", "/admin/v1/clients", token="wrong")[0] == 401
        assert admin.call(gate, "GET", "/admin/v1/clients", token=admin.GUEST)[0] == 403
        assert admin.call(gate, "POST", "/admin/v1/clients", {"id": "x"}, token=admin.GUEST)[0] == 403
        assert admin.call(gate, "GET", "/admin/v1/clients", token=admin.BOSS)[0] == 200
        assert admin.call(gate, "GET", "/admin/v1/clients/x")[0] == 404
        # Who is disabled administers nothing any more.
        said = admin.add(gate, "deputy", token=True, roles=["admin"])
        deputy = admin.secret_of(said)
        assert admin.call(gate, "GET", "/admin/v1/status", token=deputy)[0] == 200
        assert admin.call(gate, "POST", "/admin/v1/clients/deputy/disable", {})[0] == 200
        assert admin.call(gate, "GET", "/admin/v1/status", token=deputy)[0] == 401
        assert gate.counters("admin")["answered.forbidden"] == 2
    backend.close()


def test_it_is_on_its_own_listeners_and_they_have_nothing_else():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        bearer = ("-H", "Authorization: Bearer " + admin.BOSS)
        assert curl(*bearer, gate.url("/admin/v1/clients"))[0] == 404
        for path in ("/", "/ships/sensors/boss", "/.well-known/core", "/admin/v1", "/admin/v1/nothing", "/admin/v2/clients"):
            assert curl(*bearer, "--json", "{}", gate.url(path, "admin"))[0] == 404, path
            assert curl("--unix-socket", admin.socket_of(gate), "http://x" + path)[0] == 404, path
        status, headers, _ = curl(*bearer, "-X", "DELETE", gate.url("/admin/v1/status", "admin"))
        assert status == 405 and "GET" in headers["allow"], headers
        # No SOAP, no stream of events.
        assert curl(*bearer, "-H", "Content-Type: text/xml", "-H", "SOAPAction: x", "-d", "<x/>",
                    gate.url("/admin/v1/clients", "admin"))[0] == 415
        status, headers, _ = curl(*bearer, "-H", "Accept: text/event-stream", gate.url("/admin/v1/status", "admin"))
        assert "event-stream" not in headers.get("content-type", ""), headers
        backend.nothing_more()
    backend.close()


def test_ids_that_could_mean_something_else_are_refused():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        for name in ("", ".", "..", "a/b", "../x", "a\u0000b", "a\r\nX-Evil: 1", "a b", "+", "#", "$SYS", "{self}", "é", "x" * 129):
            status, said = admin.call(gate, "POST", "/admin/v1/clients", {"id": name})
            assert status == 422 and "an id has" in said["detail"], (name, status, said)
        for path, statuses in (("/admin/v1/clients/a%2Fb", (404, 422)), ("/admin/v1/clients/a%00b", (400,)),
                               ("/admin/v1/clients/%2e%2e", (400,)), ("/admin/v1/clients/a%0d%0ab", (400, 422)),
                               ("/admin/v1/clients/..%2f..%2fx", (400, 422)), ("/admin/v1/clients/" + "y" * 200, (422,))):
            status, said = admin.call(gate, "PUT", path, {}, more=["--path-as-is"])
            assert status in statuses, (path, status, said)
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]["runtime"] == 0
    backend.close()


def test_bodies_that_make_no_sense_are_refused():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        for body, wanted in (('{"id":"a","id":"b"}', 400), ('{"id":"a","roles":["admin"],"roles":[]}', 400), ("{", 400),
                             ("[]", 422), ('"a"', 422), ('{"id":7}', 422), ('{"id":"a","rolse":[]}', 422),
                             ('{"id":"a","roles":"admin"}', 422), ('{"id":"a","roles":[1]}', 422),
                             ('{"id":"a","roles":["captain"]}', 422), ('{"id":"a","disabled":"no"}', 422),
                             ('{"id":"a","allow":["FETCH /x"]}', 422), ('{"id":"a","acts_for":["*"]}', 422),
                             ('{"id":"a","psk":""}', 422), ('{"id":"a","psk":"0x0"}', 422),
                             ('{"id":"a","certificates":["zz"]}', 422), ('{"id":"a","password_hash":"plain"}', 422),
                             ('{"id":"' + "[" * 100000 + '"}', 422), ("[" * 100000, 400), ("\xff", 400)):
            status, said = admin.call(gate, "POST", "/admin/v1/clients", body)
            assert status == wanted, (body[:60], status, said)
        for wish, part in (({"scopes": "x"}, "scopes"), ({"expires_in": "soon"}, "expires_in"), ({"expires_in": 0}, "expires_in"),
                           ({"expires_in": -5}, "expires_in"), ({"expires_in": 2 ** 63}, "expires_in"),
                           ({"bound_to": "abc"}, "bound_to"), ({"for": "ever"}, "no member"), ({"scopes": [""]}, "scopes")):
            status, said = admin.call(gate, "POST", "/admin/v1/clients/guest/tokens", wish)
            assert status == 422 and part in said["detail"], (wish, status, said)
        assert admin.call(gate, "POST", "/admin/v1/clients/nobody/tokens", {})[0] == 404
        for query in ("limit=0", "limit=1001", "limit=x", "disabled=maybe"):
            assert admin.call(gate, "GET", "/admin/v1/clients?" + query)[0] == 422, query
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"] == {
            "file": 2, "runtime": 0, "room": 20000, "keys": 0, "key_room": 100000}
    backend.close()


def test_what_a_foreign_web_page_could_send_does_nothing():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        admin.add(gate, "a")
        bearer = ("-H", "Authorization: Bearer " + admin.BOSS)
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            for path in ("/admin/v1/clients", "/admin/v1/clients/a/disable", "/admin/v1/clients:import", "/admin/v1/tokens:revoke"):
                status = curl(*bearer, "-H", "Content-Type: " + media, "-d", '{"id":"b"}', gate.url(path, "admin"))[0]
                assert status == 415, (media, path, status)
        assert curl(*bearer, "-X", "POST", gate.url("/admin/v1/clients/a/disable", "admin"))[0] == 415
        assert curl(*bearer, "-H", "Content-Type:", "-d", '{"id":"b"}', gate.url("/admin/v1/clients", "admin"))[0] == 415
        status, headers, _ = curl("-X", "OPTIONS", "-H", "Origin: http://evil.example", "-H",
                                  "Access-Control-Request-Method: PUT", gate.url("/admin/v1/clients/a", "admin"))
        assert not any(name.startswith("access-control") for name in headers), (status, headers)
        assert admin.call(gate, "GET", "/admin/v1/clients/a")[1]["disabled"] is False
        assert admin.call(gate, "GET", "/admin/v1/clients/b")[0] == 404
    backend.close()


def test_what_is_too_large_is_refused():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        for media in ("application/json", "text/csv"):
            status, _ = admin.call(gate, "POST", "/admin/v1/clients:import", "x" * (1024 * 1024 + 1), media)
            assert status == 413, status
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import", "id\n" + "\n" * 30000, "text/csv")
        assert status == 413 and "20000" in said["detail"], said
        # As deep and as wide as it may be, and no more memory than a request has.
        status, _ = admin.call(gate, "POST", "/admin/v1/clients:import", "[" + ",".join(["{}"] * 300000) + "]")
        assert status == 413, status
        status, _ = admin.call(gate, "POST", "/admin/v1/clients:import", "id\n" + "x\n" * 19999, "text/csv")
        assert status in (422, 413), status
        assert admin.call(gate, "GET", "/admin/v1/status")[0] == 200
    backend.close()


def test_without_a_place_on_disk_there_is_nothing_at_run_time():
    backend = RestBackend()
    configuration = admin.CONFIGURATION.format(backend=backend.url, limits="", clients="").replace("state: state, ", "")
    with support.Gateway(configuration, environment={"BOSS": admin.BOSS, "GUEST": admin.GUEST}) as gate:
        assert not os.path.exists(admin.socket_of(gate))
        status, said = admin.call(gate, "POST", "/admin/v1/clients", {"id": "a"}, token=admin.BOSS)
        assert status == 503 and "gateway.state" in said["detail"], (status, said)
        assert admin.call(gate, "GET", "/admin/v1/clients", token=admin.BOSS)[0] == 200
    backend.close()


def test_the_socket_is_its_owners_and_goes_with_the_gateway():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        path = admin.socket_of(gate)
        assert os.stat(path).st_mode & 0o777 == 0o600
        if os.geteuid() == 0:
            os.chmod(path, 0o666)
            os.chmod(os.path.dirname(path), 0o755)
            os.chmod(gate.folder, 0o755)
            child = os.fork()
            if child == 0:
                os.setuid(65534)
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
                said = b""
                try:
                    peer.sendall(b"GET /admin/v1/status HTTP/1.0\r\n\r\n")
                    said = peer.recv(100)
                except ConnectionError:
                    pass
                os._exit(0 if said == b"" else 1)
            assert os.waitpid(child, 0)[1] == 0
            gate.wait_log("neither root nor the gateway's own user")
        assert gate.counters("control")["connections"] >= 0
        gate.kill()
        assert os.path.exists(path)
        gate.start()
        assert admin.call(gate, "GET", "/admin/v1/status")[0] == 200
        gate.reload()
        assert admin.call(gate, "GET", "/admin/v1/status")[0] == 200
    backend.close()


def test_mistakes_of_its_listener_are_said():
    good = ('gateway: {{ name: x, state: state }}\nauth: {{ token: {{ method: token }} }}\n'
            'roles: {{ admin: {{ allow: ["* /admin/v1/*"] }} }}\nlisteners:\n  - {{ name: {name}, protocol: admin, bind: "{bind}"{more} }}\n'
            'endpoints: []\n')
    usual = ", auth: [token], roles: [admin]"
    for name, bind, more, part in (
            ("a", "127.0.0.1:9090", usual, None), ("a", "[::1]:9090", usual, None), ("a", "0.0.0.0:9090", usual, "loopback"),
            ("a", "[::]:9090", usual, "loopback"), ("a", "10.0.0.1:9090", usual, "loopback"),
            ("a", "127.0.0.1:9090", ", roles: [admin]", "the key auth is missing"),
            ("a", "127.0.0.1:9090", ", auth: [token]", "the key roles is missing"),
            ("a", "127.0.0.1:9090", ", auth: [none], roles: [admin]", "no [none]"),
            ("a", "127.0.0.1:9090", ", auth: [token], roles: []", "say the roles"),
            ("a", "127.0.0.1:9090", ", auth: [tokn], roles: [admin]", "no way to authenticate"),
            ("a", "127.0.0.1:9090", ", auth: [token], roles: [captain]", "no role of this name"),
            ("control", "127.0.0.1:9090", usual, "this name is taken")):
        path = os.path.join("/tmp", f"fairlead-admin-{os.getpid()}.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(good.format(name=name, bind=bind, more=more))
        done = support.run(support.BINARY, "check", "-c", path, expect=2 if part else 0)
        os.unlink(path)
        assert (part or "") in done.err, (bind, more, done.err)


def test_an_import_whose_answer_has_no_room_says_so_and_changes_nothing():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        gate.write(admin.CONFIGURATION.format(backend=backend.url, limits="", clients="").replace("body: 1MiB", "body: 256KiB"))
        gate.reload()
        for many in (3000, 6000):  # it runs out while one is made, and before
            table = "id,roles,token\n" + "".join(f"d-{n},ship-sensor,yes\n" for n in range(1, many + 1))
            status, said = admin.call(gate, "POST", "/admin/v1/clients:import", table, "text/csv")
            assert status == 413 and "no memory left for this request" in said["detail"], (many, status, said)
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]["runtime"] == 0
    backend.close()


if __name__ == "__main__":
    support.main(globals())
