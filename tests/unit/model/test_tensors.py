from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.model.tensors import TENSOR_KEYWORD, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

DTYPES = ["bool", "uint8", "int16", "int64", "float16", "float32", "float64"]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float32", [[1, 2.5], [3, 4]]),
        ("float32", [[True, 2.5]]),
        ("float32", []),
        ("float32", 1.5),
        ("uint8", [0, 255]),
        ("int64", [-(2**63), 2**63 - 1]),
        ("uint64", [[2**64 - 1, 0], [1, 2**63]]),
        ("bool", [True, False]),
    ],
)
def test_nested_lists_become_an_array_of_the_dtype(dtype: str, value: Any) -> None:
    array = Tensor(dtype).read(value)

    assert dtype == array.dtype
    assert value == array.tolist()


@pytest.mark.parametrize(
    ("dtype", "value", "reason"),
    [
        ("float32", [[1], [1, 2]], "differ in length"),
        ("float32", ["1"], "type number"),
        ("float32", "1", "type number"),
        ("float32", [None], "type number"),
        ("float32", {"a": 1}, "type number"),
        ("float32", [1e300], "range of float32"),
        ("float16", [70000], "range of float16"),
        ("float64", [1e999], "range of float64"),
        ("float64", [-1e999], "range of float64"),
        ("uint8", [256], "range of uint8"),
        ("uint8", [-1], "range of uint8"),
        ("uint8", [1.0], "type integer"),
        ("int64", [2**63], "range of int64"),
        ("uint64", [2**63, 1.5], "type integer"),
        ("bool", [1], "type boolean"),
    ],
)
def test_what_does_not_fit_the_dtype_is_refused(
    dtype: str, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Tensor(dtype).read(value)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ((2,), [1, 2]),
        ((None,), [1, 2]),
        ((None, 2), [[1, 2]]),
        ((1, None, 2), [[[1, 2]]]),
        ((), 1),
        (None, [[[1]]]),
    ],
    ids=str,
)
def test_none_in_a_shape_is_any_length(
    shape: Sequence[int | None] | None, value: Any
) -> None:
    assert value == Tensor("int64", shape).read(value).tolist()


@pytest.mark.parametrize(
    ("shape", "value"),
    [((3,), [1, 2]), ((None, 2), [1, 2]), ((), [1]), ((None, 2), [])],
    ids=str,
)
def test_another_shape_is_refused(shape: Sequence[int | None], value: Any) -> None:
    with pytest.raises(ValueError, match="shape"):
        Tensor("int64", shape).read(value)


def test_a_refusal_shows_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"shape \(\*, 3\) .* shape \(1, 2\)"):
        Tensor("int64", (None, 3)).read([[1, 2]])


@pytest.mark.parametrize(
    ("dtype", "shape", "schema"),
    [
        ("float32", None, {"type": "array", "items": {}}),
        ("float32", (), {"type": "number"}),
        ("uint8", (None,), {"type": "array", "items": {"type": "integer"}}),
        (
            "bool",
            (None, 2),
            {
                "type": "array",
                "items": {
                    "type": "array",
                    "items": {"type": "boolean"},
                    "minItems": 2,
                    "maxItems": 2,
                },
            },
        ),
    ],
)
def test_the_schema_is_that_of_nested_arrays(
    dtype: str, shape: Sequence[int | None] | None, schema: Any
) -> None:
    described = Tensor(dtype, shape).json_schema()
    said = described.pop(TENSOR_KEYWORD)

    assert schema == described
    lengths = (None,) if shape is None else shape
    assert [-1 if one is None else one for one in lengths] == said["shape"]


@given(st.sampled_from(DTYPES), st.lists(st.integers(1, 3), max_size=3))
def test_what_numpy_writes_as_lists_is_read_back(dtype: str, shape: list[int]) -> None:
    array = np.ones(shape, dtype)

    assert np.array_equal(array, Tensor(dtype, shape).read(array.tolist()))
