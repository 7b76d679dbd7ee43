"""Models at a server, from Python: `Client`, or `AsyncClient` beside an event loop.

    client = deepaas.Client("http://127.0.0.1:5000")
    client.predict("plants", photo="rose.jpg")
    job = client.train("plants", epochs=20)
    job.wait(progress=True)
    job.download("weights.pt", "weights.pt")

A job is known by its id and lives at the server: the client may go and come back.
"""

from deepaas.client.aio import AsyncClient, AsyncRemoteJob
from deepaas.client.blocking import Client, RemoteJob

__all__ = ["AsyncClient", "AsyncRemoteJob", "Client", "RemoteJob"]
