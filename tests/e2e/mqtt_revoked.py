"""Who is taken out of the configuration is out: a device that is connected while its credentials are taken away gets no
command any more, answers none, and hears so."""
import support
import support_mqtt as mqtt
import support_mqtt_device as devices


def revoked(configuration):
    return "\n".join(line for line in configuration.split("\n") if "id: valve-3" not in line)


def raw(running, version=5, name="valve-3"):
    """A device that is subscribed to its commands."""
    client = mqtt.Client(running.address, running.port("mqtt"),
                         mqtt.connect(version, name, name, devices.TOKENS["TOKEN_" + name.replace("-", "_").upper()]))
    assert client.next()[0] == 0x20
    client.send(mqtt.subscribe(f"valve/{name}", 7, 1, version))
    assert client.next()[-1] == 1
    return client


def test_a_device_whose_token_is_taken_away_is_out():
    configuration = devices.fleet()
    with support.Gateway(configuration, environment=devices.TOKENS) as running, \
            raw(running) as five, raw(running, 4, "valve-4") as four:
        running.write("\n".join(line for line in configuration.split("\n") if "id: valve-" not in line))
        running.reload()
        status, _, body = devices.call(running, "PUT", '{"open":true}')
        assert status == 503, (status, body)
        said = five.all()
        assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0x98, said
        assert four.all() == []


def test_one_who_may_stays():
    configuration = devices.fleet()
    with support.Gateway(configuration, environment=devices.TOKENS) as running, raw(running, 5, "valve-4") as other, \
            raw(running) as gone:
        running.write(revoked(configuration))
        running.reload()
        assert gone.all()[0][2] == 0x98
        assert other.alive() == []
        call = devices.Calling(devices.call, running, "PUT", '{"open":true}', device="valve-4")
        assert other.next()[0] & 0xF0 == 0x30
        other.send(mqtt.publish("reply/valve/valve-4", b"\xf5", 0, version=5))
        assert call.result()[0] == 200, call.result()


if __name__ == "__main__":
    support.main(globals())
