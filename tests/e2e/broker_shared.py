"""Two gateways that share a subscription take each message once between them, as a real Mosquitto hands it out."""
import json

import support
import support_broker as site


def test_each_message_goes_to_one_of_two_gateways():
    for version in ("5", "3.1.1"):
        with site.Mosquitto() as broker:
            backends = [support.RestBackend() for _ in range(2)]
            gateways = [site.gateway(site.fleet(backend.url, site.listener(
                broker, f"version: {version}", '["$share/fairlead/ships/+/sensors/#"]'))) for backend in backends]
            with gateways[0], gateways[1], broker.client() as device:
                for i in range(200):
                    device.client.publish("ships/engine-7/sensors", json.dumps({"n": i}), 1)
                support.wait_until(lambda: sum(len(backend.seen) for backend in backends) >= 200, "all of them")
            got = [[seen.json()["n"] for seen in backend.seen] for backend in backends]
            assert sorted(got[0] + got[1]) == list(range(200)), got
            assert got[0] and got[1], [len(one) for one in got]


if __name__ == "__main__":
    support.main(globals())
