"""Fails in every way in which a model can raise."""
# mypy: ignore-errors
# A published model has no annotations.

from aiohttp import web
from webargs import fields


class TwoArgumentsError(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code} {text}")


def value_error():
    raise ValueError("the photo is upside down")


def unicode_error():
    raise ValueError("el niño está al revés")


def empty():
    raise RuntimeError


def key_error():
    return {}["nowhere"]


def not_implemented():
    raise NotImplementedError("not in this version")


def attribute_error():
    return object().nowhere


def two_arguments():
    raise TwoArgumentsError(7, "things")


def bad_request_text():
    raise web.HTTPBadRequest(reason="no such breed")


def bad_request_exception():
    try:
        value_error()
    except ValueError as error:
        raise web.HTTPBadRequest(reason=error) from error


def bad_request_lines():
    raise web.HTTPBadRequest(reason="first line\nsecond line\r\nthird line")


def bad_request_body():
    raise web.HTTPBadRequest(text="the body says why")


def bad_request_bare():
    raise web.HTTPBadRequest


def not_found():
    raise web.HTTPNotFound(reason="no picture at this address")


def unprocessable():
    raise web.HTTPUnprocessableEntity(reason="cannot be processed")


def unavailable():
    raise web.HTTPServiceUnavailable(reason="the licence server is away")


def plain_http():
    raise web.HTTPException(reason="weights are missing")


def plain_http_exception():
    raise web.HTTPException(reason=ValueError("weights are missing"))


def redirect():
    raise web.HTTPFound("/elsewhere")


def ok_as_exception():
    raise web.HTTPOk(text="fine")


WAYS = {
    function.__name__: function
    for function in (
        value_error,
        unicode_error,
        empty,
        key_error,
        not_implemented,
        attribute_error,
        two_arguments,
        bad_request_text,
        bad_request_exception,
        bad_request_lines,
        bad_request_body,
        bad_request_bare,
        not_found,
        unprocessable,
        unavailable,
        plain_http,
        plain_http_exception,
        redirect,
        ok_as_exception,
    )
}


def get_predict_args():
    return {"way": fields.Str(missing="", enum=list(WAYS))}


def predict(**kwargs):
    way = WAYS.get(kwargs["way"])
    return way() if way else "well"
