"""Ends its own process in several ways."""
# mypy: ignore-errors
# A published model has no annotations.

import os
import signal
import sys

from webargs import fields

warmed = False


def warm():
    global warmed
    warmed = True


WAYS = {
    "exit": lambda: os._exit(3),
    "sys_exit": lambda: sys.exit(4),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
}


def get_predict_args():
    return {"way": fields.Str(missing="")}


def predict(**kwargs):
    if kwargs["way"]:
        WAYS[kwargs["way"]]()
    return {"pid": os.getpid(), "warmed": warmed}
