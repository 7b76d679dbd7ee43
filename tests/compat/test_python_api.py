"""The names that published models import."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.compat.workshop import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path


def run(code: str, folder: Path) -> str:
    """Run `code` in the interpreter of the version under test."""
    done = subprocess.run(
        [COMMANDS / "python", "-W", "ignore", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        "from deepaas.model.v2.wrapper import UploadedFile",
        "from deepaas.model.v2.wrapper import ReturnedFile",
        "from deepaas.model.v2 import wrapper; wrapper.UploadedFile",
        "from deepaas.model.v2.base import BaseModel",
        "from deepaas.model.v2 import base; base.BaseModel",
        "import deepaas.model.v2",
        "import deepaas; assert deepaas.__version__",
        "from webargs import fields, validate, ValidationError",
        "from marshmallow import fields, validate, Schema, INCLUDE",
        "from aiohttp.web import HTTPBadRequest, HTTPException",
    ],
)
def test_an_import_of_published_models_works(line: str, tmp_path: Path) -> None:
    run(line, tmp_path)


def test_an_uploaded_file_is_a_tuple_of_four(tmp_path: Path) -> None:
    code = """
from deepaas.model.v2.wrapper import UploadedFile
empty = UploadedFile()
full = UploadedFile("data", "/tmp/x", "image/png", original_filename="x.png")
name, filename, content_type, original_filename = full
assert empty == (None, None, None, None)
assert full == ("data", "/tmp/x", "image/png", "x.png")
assert full._replace(name="n").name == "n"
print(" ".join(UploadedFile._fields))
"""
    assert "name filename content_type original_filename" == run(code, tmp_path)


def test_an_uploaded_file_can_be_pickled(tmp_path: Path) -> None:
    code = """
import pickle
from deepaas.model.v2.wrapper import ReturnedFile, UploadedFile
for kind in (UploadedFile, ReturnedFile):
    assert pickle.loads(pickle.dumps(kind("a", "b"))) == kind("a", "b")
"""
    run(code, tmp_path)


def test_the_base_class_is_abstract_and_its_methods_are_not_implemented(
    tmp_path: Path,
) -> None:
    code = """
from deepaas.model.v2.base import BaseModel
assert BaseModel.schema is None
try:
    BaseModel()
except TypeError:
    print("abstract")
names = ["get_metadata", "warm", "get_predict_args", "get_train_args"]
for name in names + ["predict", "train"]:
    try:
        getattr(BaseModel, name)(None)
    except NotImplementedError:
        print(name)
"""
    expected = [
        "abstract",
        "get_metadata",
        "warm",
        "get_predict_args",
        "get_train_args",
        "predict",
        "train",
    ]
    assert expected == run(code, tmp_path).split()
