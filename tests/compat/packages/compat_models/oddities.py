"""Rarer idioms: injected functions, strange names, flags and fields."""
# mypy: ignore-errors
# A published model has no annotations.

import functools
import sys

from webargs import fields

from compat_models.describing import described


def predict_arguments(arguments):
    """Put `get_predict_args` into the model's module, as the template does."""

    def decorate(function):
        sys.modules[function.__module__].get_predict_args = lambda: arguments

        @functools.wraps(function)
        def wrapped(first="absent", **options):
            return described(function(first=first, **options))

        return wrapped

    return decorate


@predict_arguments(
    {
        "first": fields.Str(),
        "with-dash": fields.Int(missing=1),
        "with (round), comma": fields.Int(missing=2),
        "made": fields.List(fields.Int(), missing=lambda: [1, 2]),
        "hidden": fields.Str(dump_only=True),
        "shown": fields.Str(dump_only=False),
        "incoming": fields.Str(load_only=True),
        "maybe": fields.Int(allow_none=True),
        "anything": fields.Raw(),
        "pair": fields.Tuple((fields.Int(), fields.Str())),
        "duration": fields.TimeDelta(precision="seconds"),
        "exact": fields.Decimal(places=2),
        "mail": fields.Email(),
        "whole": fields.Int(strict=True),
        "table": fields.Dict(keys=fields.Str(), values=fields.Int()),
        "several": fields.List(fields.Nested({"x": fields.Int()})),
        "fixed": fields.Constant(5),
    }
)
def predict(**kwargs):
    return kwargs
