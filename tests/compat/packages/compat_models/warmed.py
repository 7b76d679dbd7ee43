"""Keeps its weights in a module global, says what it prints and where it runs."""
# mypy: ignore-errors
# A published model has no annotations.

import os
import sys
import threading

from webargs import fields

weights = "none"
warmed_times = 0


def warm(**kwargs):
    global weights, warmed_times
    weights = "loaded"
    warmed_times += 1


def get_predict_args():
    return {"say": fields.Str(missing="")}


def predict(**kwargs):
    if kwargs["say"]:
        print(kwargs["say"])  # noqa: T201 - the test looks for it
        print(kwargs["say"], file=sys.stderr)  # noqa: T201 - the test looks for it
    return {
        "weights": weights,
        "warmed_times": warmed_times,
        "pid": os.getpid(),
        "parent": os.getppid(),
        "is_main_thread": threading.current_thread() is threading.main_thread(),
        "variable": os.environ.get("COMPAT_VARIABLE", ""),
        "folder": os.getcwd(),  # noqa: PTH109 - as published models do
    }
