"""A broker behind TLS: its certificate must be signed by a believed authority and be for its name; the gateway may have
to show one of its own."""
import subprocess

import support
import support_broker as site
import support_tls


def tls_broker(folder, more=""):
    """Serves the certificate for the name localhost, on 127.0.0.1."""
    return site.Mosquitto(f"cafile {folder}/ca.crt\ncertfile {folder}/gateway.crt\nkeyfile {folder}/gateway.key\n{more}",
                          address="127.0.0.1")


def world(broker, files, tls, host="localhost", **options):
    backend = support.RestBackend()
    listener = site.listener(f"mqtts://{host}:{broker.port}", f"tls: {tls}")
    return support.Gateway(site.fleet(backend.url, listener), files=files, environment=site.ENVIRONMENT,
                           **options), backend


def publish(broker, folder):
    support.run("mosquitto_pub", "-V", "5", "-h", "localhost", "-p", broker.port, "--cafile", f"{folder}/ca.crt",
                "--cert", f"{folder}/engine-7.crt", "--key", f"{folder}/engine-7.key", "-u", "engine-7", "-P",
                site.PASSWORDS["engine-7"], "-q", 1, "-t", "ships/engine-7/sensors", "-m", support.READING_TEXT)


def test_a_broker_is_joined_over_tls():
    folder, files = support_tls.make_pki()
    with tls_broker(folder) as broker:
        gateway, backend = world(broker, files, "{ ca: pki/ca.crt }")
        with gateway:
            gateway.wait_log("listener=site subscribed")
            publish(broker, folder)
            assert backend.next().json() == support.READING
        backend.nothing_more()


def test_a_broker_that_a_stranger_has_signed_is_not_believed():
    folder, files = support_tls.make_pki()
    with tls_broker(folder) as broker:
        for tls in ("{ ca: pki/stranger.crt }", "{ }"):  # { }: the system's authorities
            gateway, _ = world(broker, files, tls)
            with gateway:
                assert "certificate verify failed" in gateway.wait_log("cannot join"), gateway.log()


def test_a_certificate_for_another_name_is_not_believed():
    folder, files = support_tls.make_pki()
    with tls_broker(folder) as broker:
        gateway, _ = world(broker, files, "{ ca: pki/ca.crt }", host="127.0.0.1")
        with gateway:
            gateway.wait_log("cannot join")
            assert "joined" not in gateway.log(), gateway.log()


def test_the_gateway_shows_its_own_certificate():
    folder, files = support_tls.make_pki()
    with tls_broker(folder, "require_certificate true") as broker:
        gateway, _ = world(broker, files, "{ ca: pki/ca.crt }")
        with gateway:
            gateway.wait_log("cannot join")
        gateway, backend = world(broker, files,
                                 "{ ca: pki/ca.crt, certificate: pki/engine-7.crt, key: pki/engine-7.key }")
        with gateway:
            gateway.wait_log("listener=site subscribed")
            publish(broker, folder)
            assert backend.next().json() == support.READING


def test_nothing_below_tls_1_2_is_spoken():
    folder, files = support_tls.make_pki()
    port = support.free_port("127.0.0.1")
    old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{folder}/gateway.crt",
                               "-key", f"{folder}/gateway.key", "-quiet", *old],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        def answers():
            done = support.run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", *old, expect=None, input=b"Q\n")
            return "Protocol  : TLSv1.1" in done.out
        support.wait_until(answers, "a client that takes anything is served with TLS 1.1")
        listener = site.listener(f"mqtts://localhost:{port}", "tls: { ca: pki/ca.crt }")
        gateway = support.Gateway(site.fleet("http://127.0.0.1:1", listener), files=files, environment=site.ENVIRONMENT)
        with gateway:
            assert "TLS: " in gateway.wait_log("cannot join"), gateway.log()
    finally:
        server.kill()
        server.wait()


def test_files_that_cannot_be_used_are_mistakes():
    _, files = support_tls.make_pki()
    files["pki/empty.crt"] = b""
    cases = [("{ ca: pki/empty.crt }", "ca: "), ("{ certificate: pki/empty.crt, key: pki/ca.key }", "certificate: "),
             ("{ certificate: pki/engine-7.crt, key: pki/impostor.key }", "key: "),
             ("{ certificate: pki/engine-7.crt }", "certificate and key go together"),
             ("{ ca: pki/none.crt }", "cannot be read")]
    for tls, says in cases:
        listener = site.listener("mqtts://localhost:1", f"tls: {tls}")
        gateway = support.Gateway(site.fleet("http://127.0.0.1:1", listener), files=files,
                                  environment=site.ENVIRONMENT, wait=False)
        assert gateway.process.wait(support.DEADLINE_S) == 2, says
        gateway.stop(2)
        assert says in gateway.log(), (says, gateway.log())


if __name__ == "__main__":
    support.main(globals())
