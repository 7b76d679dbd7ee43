"""The functions that DEEPaaS 2.x looks for.

All of it is written as packages of 2019 to 2025 are: a module as entry point, webargs
fields with `missing=` or `load_default=`, an `accept` argument, a global that `warm`
fills, and errors that are turned into `HTTPBadRequest`.
"""

import functools
import io
from importlib import metadata

import numpy as np
from aiohttp.web import HTTPBadRequest
from webargs import fields, validate

from dogs_breeds import coats

breeds = {}

schema = {
    "status": fields.Str(metadata={"description": "OK"}),
    "labels": fields.List(
        fields.Str(), metadata={"description": "Breeds, the most probable first"}
    ),
    "probabilities": fields.List(
        fields.Float(), metadata={"description": "How probable each of them is"}
    ),
}


def _catch_error(function):
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            raise HTTPBadRequest(reason=error) from error

    return wrapped


@_catch_error
def get_metadata():
    about = metadata.metadata("dogs-breeds")
    return {
        "name": about["Name"],
        "version": about["Version"],
        "description": about["Summary"],
        "author-email": about["Author-email"],
        "license": about.get("License-Expression"),
    }


def warm():
    breeds.update(coats.load())


def get_predict_args():
    return {
        "image": fields.Field(
            required=True,
            type="file",
            location="form",
            description="An image of a dog that fills the picture",
        ),
        "top": fields.Int(
            missing=3,
            validate=validate.Range(min=1, max=6),
            description="How many breeds to answer",
        ),
        "accept": fields.Str(
            load_default="application/json",
            validate=validate.OneOf(["application/json", "image/png"]),
            metadata={
                "location": "headers",
                "description": "JSON with the breeds, or the image with its breed",
            },
        ),
    }


@_catch_error
def predict(**kwargs):
    image = coats.read(kwargs["image"].filename)
    found = coats.probabilities(image, breeds or coats.load())
    best = sorted(found, key=found.get, reverse=True)[: kwargs["top"]]
    if kwargs["accept"] == "image/png":
        answer = io.BytesIO()
        coats.label(image, f"{best[0]}: {found[best[0]]:.0%}").save(answer, "PNG")
        answer.seek(0)
        return answer
    return {
        "status": "OK",
        "labels": best,
        "probabilities": [float(found[breed]) for breed in best],
    }


def get_train_args():
    return {
        "epochs": fields.Int(
            missing=10,
            validate=validate.Range(min=1),
            description="How often the colours are seen",
        ),
        "noise": fields.Float(missing=8.0, description="How much coats differ"),
        "seed": fields.Int(missing=0, description="Of the random numbers"),
    }


@_catch_error
def train(**kwargs):
    """Learn the colours again from noisy coats, and say how well they are told."""
    random = np.random.default_rng(kwargs["seed"])
    known = coats.load()
    colours = np.array(list(known.values()), dtype=float)
    shape = (kwargs["epochs"], *colours.shape)
    seen = colours + random.normal(0, kwargs["noise"], shape)
    learnt = seen.mean(axis=0)
    distances = np.linalg.norm(seen[:, :, None] - learnt, axis=-1)
    right = distances.argmin(axis=-1) == np.arange(len(colours))
    return {"epochs": kwargs["epochs"], "accuracy": float(right.mean())}
