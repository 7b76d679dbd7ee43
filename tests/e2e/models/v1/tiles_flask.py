"""A module that uses what DEEPaaS 0.5 brought along: Flask and werkzeug."""

# mypy: ignore-errors

import os

import flask
from werkzeug.exceptions import BadRequest


def get_test_args():
    return {"format": {"default": "png", "help": "", "required": False}}


def predict_data(args):
    if args["format"] not in ("png", "tif"):
        raise BadRequest(ValueError("Tile format error: only png and tif"))
    args["files"][0].save("tile.png")
    return flask.send_file(
        os.path.abspath("tile.png"),  # noqa: PTH100 - as then
        mimetype="image/png",
        as_attachment=True,
        download_name="résultat.png",
    )


def get_train_args():
    return {}
