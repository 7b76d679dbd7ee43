"""LitServe: `server.py WORKLOAD PORT WORKERS`."""

import os
import sys

import litserve as ls
import numpy as np
import work


class Noop(ls.LitAPI):
    """W1."""

    def setup(self, device):
        """Nothing is loaded."""

    def predict(self, request):
        """Double a number."""
        return {"y": 2 * request["x"]}


class Device(Noop):
    """W2."""

    def predict(self, requests):
        """Double numbers on the device."""
        work.device()
        return [{"y": 2 * one["x"]} for one in requests]

    def batch(self, requests):
        """Keep them as a list."""
        return requests

    def unbatch(self, results):
        """Keep them as a list."""
        return results


class Busy(Noop):
    """W3."""

    def predict(self, request):
        """Double a number, and compute something else."""
        work.busy()
        return {"y": 2 * request["x"]}


class Upload(Noop):
    """W4."""

    def predict(self, request):
        """Return the length of a file."""
        return {"length": len(request["file"].file.read())}


class Tensor(Noop):
    """W5."""

    def predict(self, request):
        """Return the mean."""
        return {"mean": float(np.asarray(request["data"], dtype=np.float32).mean())}


class Binary(Noop):
    """W5, as a file."""

    def predict(self, request):
        """Return the mean."""
        data = np.frombuffer(request["file"].file.read(), np.float32)
        return {"mean": float(data.reshape(1, 3, 224, 224).mean())}


class Stream(Noop):
    """W6."""

    def predict(self, request):
        """Count."""
        yield from range(request["count"])

    def encode_response(self, output):
        """Give each number a line."""
        for number in output:
            yield '{"n":%d}\n' % number


class Slow(Noop):
    """W8, W9."""

    def predict(self, request):
        """Wait."""
        work.slow()
        return {"pid": os.getpid()}


def main(workload, port, workers):
    """Serve a workload."""
    apis = {
        "noop": lambda: Noop(),
        "device": lambda: Device(max_batch_size=32, batch_timeout=0.005),
        "busy": lambda: Busy(),
        "upload": lambda: Upload(),
        "tensor": lambda: Tensor(),
        "binary": lambda: Binary(),
        "stream": lambda: Stream(stream=True),
        "slow": lambda: Slow(),
    }
    server = ls.LitServer(
        apis[workload](),
        accelerator="cpu",
        devices=1,
        workers_per_device=int(workers),
        fast_queue=workload != "stream",
        timeout=False,
    )
    server.run(
        host="127.0.0.1",
        port=int(port),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
