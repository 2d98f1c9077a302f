"""What clients on python3-paho-mqtt share: how they are made and how they end."""
import support

try:
    from paho.mqtt import client as paho
except ImportError:
    support.skip("python3-paho-mqtt is not installed")


def make(**options):
    """Paho's own, whose callbacks are those of its first interface, whichever it has."""
    kind = getattr(paho, "CallbackAPIVersion", None)
    return paho.Client(*((kind.VERSION1,) if kind else ()), **options)


class Client:
    """`client` is Paho's; its loop runs from the connection on. Leaving it as a context disconnects."""

    def __init__(self, **options):
        self.client = make(**options)

    def vanish(self):
        """The line is cut: no DISCONNECT, and nothing is called back."""
        self.client.on_disconnect = None
        self.client.loop_stop()
        self.client.socket().close()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
