"""For those who test a model: without a server, and with a real one.

`Client` takes a model through everything that happens to a request, in this process:

    def test_a_rose_is_named():
        with Client(plants) as client:
            assert client.predict(photo=Path("rose.jpg"))[0]["name"] == "rose"

`Server`, and the pytest fixture `deepaas_server`, start `deepaas serve`:

    def test_the_service(deepaas_server):
        server = deepaas_server("plants.py")
        assert httpx.get(f"{server.url}/v2/models/plants/").status_code == 200
"""

from deepaas.testing.client import Answer, Client
from deepaas.testing.server import Server, ServerStartError

__all__ = ["Answer", "Client", "Server", "ServerStartError"]
