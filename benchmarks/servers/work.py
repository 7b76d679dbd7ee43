"""What the models compute, the same behind every server."""

from __future__ import annotations

import os
import threading
import time

_DEVICE_S = 0.010
_device = threading.Lock()


def busy() -> int:
    """Compute in Python for about five milliseconds."""
    return sum(i * i for i in range(60_000))


def device() -> None:
    """Call a device that takes ten milliseconds whatever it gets, and is only one."""
    with _device:
        time.sleep(_DEVICE_S)


def slow() -> None:
    """Have the device for as long as the workload says."""
    with _device:
        time.sleep(float(os.environ["BENCH_SLOW_S"]))
