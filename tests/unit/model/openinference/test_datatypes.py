from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.model.openinference.datatypes import BYTES, NUMERIC, count, pack, unpack


@pytest.mark.parametrize("datatype", [one for one in NUMERIC if one != "BF16"])
def test_numbers_are_written_as_numpy_writes_them(datatype: str) -> None:
    values = [True, False] if datatype == "BOOL" else [0, 1, 100]
    array = np.array(values, NUMERIC[datatype].dtype)

    assert array.tobytes() == pack(datatype, values)
    assert values == unpack(datatype, array.tobytes())
    assert array.itemsize == NUMERIC[datatype].size


@given(st.lists(st.binary(max_size=20)))
def test_texts_are_read_back(texts: list[bytes]) -> None:
    assert texts == unpack(BYTES, pack(BYTES, texts))


@pytest.mark.parametrize(
    "content", [b"\1", b"\5\0\0\0abc", b"\1\0\0\0a\1"], ids=["length", "text", "second"]
)
def test_texts_that_end_too_early_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="ends within"):
        unpack(BYTES, content)


@pytest.mark.parametrize(("datatype", "value"), [("INT8", 128), ("UINT8", -1)])
def test_a_number_that_does_not_fit_is_refused(datatype: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"is no {datatype}"):
        pack(datatype, [value])


@pytest.mark.parametrize(("shape", "expected"), [([], 1), ([2, 3], 6), ([4, 0], 0)])
def test_a_shape_has_so_many_elements(shape: list[int], expected: int) -> None:
    assert expected == count(shape)
