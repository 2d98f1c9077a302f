"""Clients and tokens that come and go while the gateway runs: in force at once, over every protocol and on connections
that are open, and still there after a kill."""
import json
import os
import threading

import support
import support_admin as admin
import support_mqtt as mqtt
from support import RestBackend, run, wait_until

PSK = "engine-7-key-of-many-bytes"


def state_bytes(gate):
    """Every file of the state folder, as far as it is one."""
    for folder, _, names in os.walk(os.path.join(gate.folder, "state")):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


def test_one_that_is_added_posts_at_once_over_every_protocol():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        said = admin.add(gate, "engine-7", token=True, psk=PSK)
        token = admin.secret_of(said)
        assert token.startswith("flt_") and said["source"] == "runtime", said
        assert admin.post(gate, "engine-7", token) == 200
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        run("mosquitto_pub", "-h", gate.address, "-p", gate.port("mqtt"), "-u", "engine-7", "-P", token, "-q", "1",
            "-t", "ships/sensors/engine-7", "-m", "{}", "-i", "e")
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        run("coap-client-openssl", "-B", "10", "-m", "post", "-t", "json", "-e", "{}", "-u", "engine-7", "-k", PSK,
            f"coaps://{gate.address}:{gate.port('coaps')}/ships/sensors/engine-7")
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        # As itself and no other; and nobody else by its token.
        assert admin.post(gate, "engine-8", token) == 403
        assert admin.post(gate, "engine-7", token + "x") == 401
        backend.nothing_more()
    backend.close()


def test_it_survives_a_kill_right_after_the_answer():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        token = admin.secret_of(admin.add(gate, "engine-7", token=True))
        gate.kill()
        gate.start()
        assert admin.post(gate, "engine-7", token) == 200
        status, made = admin.call(gate, "POST", "/admin/v1/clients/engine-7/tokens", {"expires_in": "90d"})
        assert status == 201, made
        assert admin.call(gate, "DELETE", "/admin/v1/tokens/" + said_handle(gate, "engine-7", made))[0] == 204
        gate.kill()
        gate.start()
        assert admin.post(gate, "engine-7", token) == 401
        assert admin.post(gate, "engine-7", made["secret"]) == 200
        assert admin.call(gate, "DELETE", "/admin/v1/clients/engine-7")[0] == 204
        gate.kill()
        gate.start()
        assert admin.post(gate, "engine-7", made["secret"]) == 401
        assert admin.call(gate, "GET", "/admin/v1/clients/engine-7")[0] == 404
    backend.close()


def said_handle(gate, name, but):
    """The handle of the client's other token."""
    _, said = admin.call(gate, "GET", f"/admin/v1/clients/{name}/tokens")
    return [key["handle"] for key in said["keys"] if key["handle"] != but["handle"]][0]


def test_who_is_disabled_or_revoked_is_out_on_open_connections():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        one = admin.secret_of(admin.add(gate, "engine-7", token=True))
        two = admin.secret_of(admin.add(gate, "engine-8", token=True))
        with mqtt.Client(gate.address, gate.port("mqtt"), mqtt.connect(5, "a", "engine-7", one)) as first, \
                mqtt.Client(gate.address, gate.port("mqtt"), mqtt.connect(5, "b", "engine-8", two)) as second:
            assert first.next()[0] == 0x20 and second.next()[0] == 0x20
            assert admin.call(gate, "POST", "/admin/v1/clients/engine-7/disable", {})[0] == 200
            assert first.all()[-1][2] == 0x98
            assert admin.call(gate, "POST", "/admin/v1/tokens:revoke", {"secret": two})[0] == 204
            assert second.all()[-1][2] == 0x98
        assert admin.post(gate, "engine-7", one) == 401
        assert admin.call(gate, "POST", "/admin/v1/clients/engine-7/enable", {})[0] == 200
        assert admin.post(gate, "engine-7", one) == 200
        assert admin.post(gate, "engine-8", two) == 401
    backend.close()


def test_five_thousand_are_imported_in_one_call():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        table = "id,roles,plan,token\n" + "".join(f"csv-{i},ship-sensor,gold,{'yes' if i == 4321 else ''}\n"
                                                  for i in range(5000))
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import?dry_run", table, "text/csv")
        assert (status, said["added"], said["changed"]) == (200, 5000, False), said
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]["runtime"] == 0
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import", table, "text/csv")
        assert (status, said["added"], said["wrong"], said["changed"]) == (200, 5000, 0, True), said
        token = admin.secret_of(said["lines"][0])
        assert said["lines"][0]["id"] == "csv-4321" and said["lines"][0]["line"] == 4323, said
        assert admin.post(gate, "csv-4321", token) == 200
        several = [{"id": f"json-{i}", "roles": ["ship-sensor"]} for i in range(5000)]
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import", several)
        assert (status, said["added"]) == (200, 5000), said
        gate.kill()
        gate.start()
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]["runtime"] == 10000
        assert admin.post(gate, "csv-4321", token) == 200
        seen, after = [], ""
        while after is not None:
            _, page = admin.call(gate, "GET", f"/admin/v1/clients?limit=1000&prefix=json-&after={after}")
            seen += [client["id"] for client in page["clients"]]
            after = page.get("next")
        assert seen == sorted(client["id"] for client in several)
    backend.close()


def test_an_import_that_is_too_much_changes_nothing():
    """Too much for the disk's queue, for a request's memory, for the answer: whichever it is, all or nothing."""
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        refused = 0
        for many in (18000, 15000, 13000, 12000, 11000, 10500, 10000, 9500):
            table = "id,roles,plan,token\n" + "".join(f"client-{i},ship-sensor,gold,yes\n" for i in range(many))
            status, _ = admin.call(gate, "POST", "/admin/v1/clients:import", table, "text/csv")
            counted = admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]
            taken = many if status == 200 else 0
            assert status in (200, 413, 503) and (counted["runtime"], counted["keys"]) == (taken, taken), (many, status, counted)
            refused += status != 200
            if taken:
                break
        assert refused
        gate.kill()
        gate.start()
        assert admin.call(gate, "GET", "/admin/v1/status")[1]["clients"]["runtime"] == taken
    backend.close()


def test_an_import_says_each_mistake_with_its_line():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        table = ('id,roles,psk\r\n"a","ship-sensor;admin",\r\nb,nobody,\r\na,,\r\n../c,,\r\nd,,0xzz\r\nguest,,\r\n'
                 'e,"unclosed\r\nf,,\r\ng\r\n\r\nh,,plain\r\n')
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import", table, "text/csv")
        assert status == 422 and not said["changed"], said
        lines = {line["line"]: line["why"] for line in said["lines"]}
        assert sorted(lines) == [3, 4, 5, 6, 7, 8, 10], lines
        for line, part in {3: "no role nobody", 4: "line 2", 5: "an id has", 6: "psk", 7: "configuration file",
                           8: "quote", 10: "columns"}.items():
            assert part in lines[line], (line, lines[line])
        assert admin.call(gate, "GET", "/admin/v1/clients/h")[0] == 404
        status, said = admin.call(gate, "POST", "/admin/v1/clients:import?partial", table, "text/csv")
        assert (status, said["added"], said["wrong"]) == (200, 3, 7), said
        assert admin.call(gate, "GET", "/admin/v1/clients/h")[0] == 200
        for body, media, part in (("", "text/csv", ""), ("name\nx\n", "text/csv", "no column"),
                                  ("id,id\n", "text/csv", "second column"), ("roles\nx\n", "text/csv", "id is one"),
                                  ("{}", "application/json", "a list"), ("[", "application/json", "line 1"),
                                  ('[{"id":"x","id":"y"}]', "application/json", "")):
            status, said = admin.call(gate, "POST", "/admin/v1/clients:import", body, media)
            assert status in (400, 415, 422) and part in said["detail"], (body, status, said)
    backend.close()


def test_clients_are_changed_in_part_and_as_a_whole():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        token = admin.secret_of(admin.add(gate, "a", plan="gold", token=True, allow=["GET /x"]))
        status, said = admin.call(gate, "PATCH", "/admin/v1/clients/a", {"plan": None, "acts_for": ["sub-*"]})
        assert status == 200 and "plan" not in said and said["acts_for"] == ["sub-*"] and said["allow"] == ["GET /x"], said
        status, said = admin.call(gate, "PUT", "/admin/v1/clients/a", {"roles": ["admin"]})
        assert status == 200 and said["roles"] == ["admin"] and "allow" not in said, said
        assert admin.post(gate, "a", token) == 403
        assert admin.call(gate, "GET", "/admin/v1/status", token=token)[0] == 200
        status, said = admin.call(gate, "PUT", "/admin/v1/clients/new", {})
        assert status == 201 and said["roles"] == [], said
        assert admin.call(gate, "PUT", "/admin/v1/clients/new", {"id": "other"})[0] == 422
        print_of = "ab" * 32
        assert admin.call(gate, "POST", "/admin/v1/clients/new/certificates", {"certificate": print_of})[0] == 204
        status, said = admin.call(gate, "POST", "/admin/v1/clients/a/certificates", {"certificate": print_of})
        assert status == 409 and "new" in said["detail"], said
        _, said = admin.call(gate, "GET", "/admin/v1/clients/new/certificates")
        assert said["keys"][0]["fingerprint"] == print_of, said
        status, said = admin.call(gate, "POST", "/admin/v1/clients/guest/tokens", {"scopes": ["nothing"]})
        assert status == 201 and admin.post(gate, "guest", said["secret"]) == 403, said
        for path, change in (("guest", {"roles": []}), ("guest/psk", {"psk": "x"})):
            assert admin.call(gate, "PUT", "/admin/v1/clients/" + path, change)[0] == 409
    backend.close()


def test_many_at_once_are_all_answered():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        done = []

        def work(name):
            said = run("curl", "-sS", "--unix-socket", admin.socket_of(gate), "--json",
                       json.dumps({"id": name, "roles": ["ship-sensor"], "token": True}), "http://x/admin/v1/clients").out
            done.append(admin.post(gate, name, admin.secret_of(json.loads(said))))
        threads = [threading.Thread(target=work, args=(f"c-{i}",)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [200] * 16, done
    backend.close()


def test_bounds_are_kept():
    backend = RestBackend()
    with admin.gateway(backend, limits=", clients: 2, keys: 2") as gate:
        admin.add(gate, "a")
        admin.add(gate, "b", token=True)
        status, said = admin.call(gate, "POST", "/admin/v1/clients", {"id": "c"})
        assert status == 429 and "gateway.limits.clients" in said["detail"], said
        assert admin.call(gate, "POST", "/admin/v1/clients/a/api-keys", {})[0] == 201
        status, said = admin.call(gate, "POST", "/admin/v1/clients/a/tokens", {})
        assert status == 429 and "gateway.limits.keys" in said["detail"], said
        assert admin.call(gate, "DELETE", "/admin/v1/clients/b")[0] == 204
        assert admin.call(gate, "POST", "/admin/v1/clients/a/tokens", {})[0] == 201
    backend.close()


def test_the_file_wins_after_a_reload():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        token = admin.secret_of(admin.add(gate, "later", token=True))
        with open(gate.path, encoding="utf-8") as file:
            text = file.read()
        gate.write(text.replace("id: guest,", "id: later,"))
        gate.reload()
        gate.wait_log("client=later is in the configuration file now")
        assert admin.post(gate, "later", token) == 401
        assert admin.post(gate, "later", admin.GUEST) == 200
        assert admin.call(gate, "GET", "/admin/v1/clients/later")[1]["source"] == "file"
        assert admin.call(gate, "DELETE", "/admin/v1/clients/later")[0] == 204
        assert admin.post(gate, "later", admin.GUEST) == 200
    backend.close()


def test_no_secret_is_on_disk_in_the_log_or_in_an_error():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        said = admin.add(gate, "a", token=True, api_key=True, psk="a-psk-that-is-seeded")
        secrets = [made["secret"] for made in said["issued"]] + ["a-psk-that-is-seeded", "no-hash-but-a-password"]
        shown = json.dumps(admin.call(gate, "GET", "/admin/v1/clients/a")) + json.dumps(admin.call(gate, "GET", "/admin/v1/tokens"))
        shown += json.dumps(admin.call(gate, "PUT", "/admin/v1/clients/a/password", {"hash": "no-hash-but-a-password"}))
        shown += json.dumps(admin.call(gate, "POST", "/admin/v1/clients", {"id": "a", "psk": "a-psk-that-is-seeded"}))
        shown += json.dumps(admin.call(gate, "PUT", "/admin/v1/clients/a/psk", {"psk": "a-psk-that-is-seeded" * 9}))
        shown += json.dumps(admin.call(gate, "POST", "/admin/v1/tokens:revoke", {"secret": secrets[0] + "x"}))
        for secret in secrets[:2]:
            admin.post(gate, "b", secret)
        gate.kill()
        for secret in secrets:
            assert secret not in shown and secret not in gate.log(), secret
            for path, content in state_bytes(gate):
                assert secret.encode() not in content, (path, secret)
                assert bytes.fromhex(secret.encode().hex()) not in content
        gate.start()
        assert admin.post(gate, "a", secrets[0]) == 200
    backend.close()


def test_keys_that_are_lost_are_said():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        token = admin.secret_of(admin.add(gate, "a", token=True))
        gate.kill()
        os.unlink(os.path.join(gate.folder, "state", "keys", "seal"))
        gate.start()
        gate.wait_log("on disk is left out")
        assert admin.post(gate, "a", token) == 401
        assert admin.call(gate, "GET", "/admin/v1/clients/a")[0] == 200
        gate.kill()
        os.truncate(os.path.join(gate.folder, "state", "keys", "tokens"), 7)
        gate.start(wait=False)
        assert wait_until(gate.process.poll, "an end") == 1
        assert "keys/tokens is damaged" in gate.log(), gate.log()
        os.unlink(os.path.join(gate.folder, "state", "keys", "tokens"))
        gate.start()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
