"""What a client's certificate must be, at every door that speaks TLS or DTLS: good ones come in, all others are refused, counted, and
named in the log with the reason."""
import atexit
import shutil
import ssl
import tempfile

import support
from support_tls import Authority
from support_tls_doors import DOORS, Visitor, context, enters, gateway

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
DAY = 24 * 3600


def make():
    ca, second, stranger = Authority(FOLDER, "ca"), Authority(FOLDER, "second"), Authority(FOLDER, "stranger")
    harbour = Authority(FOLDER, "harbour", by=ca)
    ca.issue("server", "server", "localhost")
    ca.issue("engine-7")
    ca.issue("bare", "bare")
    second.issue("engine-8")
    harbour.issue("crane-1")
    Authority(FOLDER, "pier", by=ca).issue("boat-1")
    stranger.issue("impostor", subject="engine-7")
    ca.issue("lost", subject="lost")
    second.issue("sunk", subject="sunk")
    ca.issue("for-servers", "server")
    ca.issue("for-ciphering", "encipher")
    ca.issue("old", since=-3 * DAY, until=-DAY)
    ca.issue("early", since=DAY, until=3 * DAY)
    ca.issue_with_nul("nul", "engine-7~.example")
    ca.revoke("lost")
    second.revoke("sunk")
    return ca, second, harbour


CA, SECOND, HARBOUR = make()
FILES = {name: CA.read(name=name[:-4], kind=name[-3:]) for name in ("server.crt", "server.key")}
FILES["ca.crt"] = CA.read() + SECOND.read()


def with_lists(*lists):
    return dict(FILES, **{"list.crl": b"".join(lists)})


def chain(name, *others):
    """A file with the certificate and those above it."""
    with open(f"{FOLDER}/{name}-chain.crt", "wb") as out:
        for each in (name, *others):
            out.write(CA.read(name=each))
    shutil.copy(f"{FOLDER}/{name}.key", f"{FOLDER}/{name}-chain.key")
    return f"{name}-chain"


def test_good_ones_come_in_and_all_others_are_refused_with_a_reason():
    backend = support.RestBackend()
    refused = {"impostor": "of no authority in client_ca (", "lost": "is revoked (", "sunk": "is revoked (",
               "for-servers": "not for clients (", "for-ciphering": "(keyUsage", "old": "has expired (", "early": "is not valid yet (",
               "nul": "has a NUL in it ("}
    with gateway(backend, with_lists(CA.write_list(), SECOND.write_list()), "client_certificate: optional, crl: pki/list.crl") as gate:
        for door in DOORS:
            for name in ("engine-7", "engine-8", "bare", chain("crane-1", "harbour")):
                if name.endswith("-chain") and door == "coaps":
                    continue  # libcoap's client shows one certificate only
                assert enters(gate, door, FOLDER, name), (door, name)
            assert "connection refused" not in gate.log(), gate.log()
            for number, (name, why) in enumerate(refused.items()):
                assert not enters(gate, door, FOLDER, name), (door, name)
                support.wait_until(lambda door=door, number=number: gate.counters(door)["refused"] > number, "the refusal's count")
                lines = [line for line in gate.lines if f"connection refused listener={door} " in line]
                assert why in lines[-1] and "peer=127." in lines[-1], (name, lines)
            gate.lines.clear()


def test_an_intermediate_that_is_revoked_takes_what_it_signed_with_it():
    backend = support.RestBackend()
    crane = chain("crane-1", "harbour")
    CA.revoke("harbour")
    with gateway(backend, with_lists(CA.write_list(), SECOND.write_list()), "client_certificate: required, crl: pki/list.crl") as gate:
        for door in DOORS:
            assert not enters(gate, door, FOLDER, crane), door
            assert enters(gate, door, FOLDER, "engine-7"), door
        # libcoap's client shows one certificate only, so over coaps that one is nobody's.
        assert gate.log().count("an authority of its certificate is revoked") == len(DOORS) - 1


def test_a_list_that_is_out_of_date_still_holds_and_locks_nobody_out_silently():
    backend = support.RestBackend()
    stale = with_lists(CA.write_list(since=-9 * DAY, until=-DAY))
    with gateway(backend, stale, "client_certificate: required, crl: pki/list.crl") as gate:
        assert "the revocation list of CN=ca is out of date since" in gate.log()
        for door in DOORS:
            assert enters(gate, door, FOLDER, "engine-7"), door
            assert not enters(gate, door, FOLDER, "lost"), door
    with gateway(backend, stale, "client_certificate: required, crl: pki/list.crl, crl_expired: refuse") as gate:
        for door in DOORS:
            assert not enters(gate, door, FOLDER, "engine-7"), door
            assert not enters(gate, door, FOLDER, "lost"), door
            # The second authority has no list at all.
            assert enters(gate, door, FOLDER, "engine-8"), door
        assert gate.log().count("list of its certificate's authority is out of date (CN=engine-7)") == len(DOORS)


def test_tickets_are_for_those_whose_authority_is_known():
    backend = support.RestBackend()
    with gateway(backend, with_lists(CA.write_list()), "client_certificate: required, crl: pki/list.crl") as gate:
        for door in ("web", "mqtt", "coaptcp"):
            tls = context(FOLDER, "engine-7", ssl.TLSVersion.TLSv1_2)
            first = Visitor(gate, door, tls)
            second = Visitor(gate, door, tls, first.socket.session)
            assert second.socket.session_reused, door
            # One that an authority in between has signed shakes hands in full each time, for a ticket has no room for that one.
            tls = context(FOLDER, chain("boat-1", "pier"), ssl.TLSVersion.TLSv1_2)
            first = Visitor(gate, door, tls)
            second = Visitor(gate, door, tls, first.socket.session)
            assert not second.socket.session_reused, door


def test_files_that_make_no_sense_are_mistakes():
    backend = support.RestBackend()
    server = "server.crt"
    CA.write_list()
    for tls, content, what in (("client_certificate: none, crl: pki/list.crl", CA.read("crl"), "nobody is asked for a certificate"),
                               ("client_certificate: required, crl: pki/list.crl", HARBOUR.write_list(), "not in client_ca"),
                               ("client_certificate: required, crl: pki/list.crl", CA.read(), "crl: "),
                               ("client_certificate: required, crl: pki/list.crl", b"", "crl: "),
                               ("client_certificate: required, crl: pki/list.crl", CA.read("crl")[:-200], "crl: ")):
        text = dict(with_lists(content), **{server: FILES[server]})
        for door in ("web", "mqtt"):
            from_one = support.fleet(backend.url, f'  - {{ name: {door}, protocol: {"http" if door == "web" else door}, bind: "{{address}}:{{port_{door}}}", tls: '
                                     f'{{ certificate: pki/server.crt, key: pki/server.key, client_ca: pki/ca.crt, {tls} }} }}')
            gate = support.Gateway(from_one, files={"pki/" + name: each for name, each in text.items()}, environment=support.TOKENS,
                                   wait=False)
            assert gate.process.wait(support.DEADLINE_S) == 2
            support.wait_until(lambda gate=gate, what=what: what in gate.log(), what)
            gate.stop(expect=2)


support.main(globals())
