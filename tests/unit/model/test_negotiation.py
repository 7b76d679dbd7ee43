from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.model.negotiation import choose_media_type, only_media_type

JSON = "application/json"
TEXT = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"
CSV = "text/csv"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"

tokens = st.from_regex(r"[a-z][a-z0-9+.-]{0,8}", fullmatch=True)
media_types = st.builds("{}/{}".format, tokens, tokens)
qualities = st.integers(2, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")


@pytest.mark.parametrize(
    ("accept", "available", "expected"),
    [
        ("", [JSON, TEXT], JSON),
        ("*/*", [JSON, TEXT], JSON),
        (TEXT, [JSON, TEXT], TEXT),
        ("TEXT/Plain", [JSON, TEXT], TEXT),
        ("text/*", [JSON, TEXT, CSV], TEXT),
        ("text/*, text/csv", [JSON, TEXT, CSV], CSV),
        ("text/plain;q=0.5, application/json;q=0.4", [JSON, TEXT], TEXT),
        ("text/plain, */*", [JSON, TEXT], TEXT),
        ("*/*, application/json;q=0", [JSON, TEXT], TEXT),
        ("application/json;q=0", [JSON], None),
        ("image/png", [JSON], None),
        (BROWSER, [JSON, TEXT], JSON),
        (BROWSER, [PNG, "image/webp"], "image/webp"),
        (JAVA, [JSON, JPEG], JSON),
        ("application/json; charset=UTF-8", [JSON], JSON),
        ('application/json; charset="utf-8"', [JSON], JSON),
        ("application/json; version=2", [JSON], None),
        ("application/json; version=2, */*;q=0.1", [JSON], JSON),
        (" , application/json ,, ", [JSON], JSON),
        ("application/json;q=1;", [JSON], JSON),
        ('text/plain; a=","; q=0.1, application/json', [TEXT, JSON], JSON),
        ("json", [JSON], JSON),
        ("*/png", [JSON], JSON),
        ("application/json;q=2", [TEXT], TEXT),
        ("application/json, \x00", [TEXT], TEXT),
        ("", [], None),
    ],
)
def test_the_best_acceptable_type_wins(
    accept: str, available: list[str], expected: str | None
) -> None:
    assert expected == choose_media_type(accept, available)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("image/png", "image/png"),
        ("image/PNG; q=0.5", "image/png"),
        ("image/png, image/jpeg", None),
        ("image/png;q=0", None),
        ("image/*", None),
        ("", None),
        ("png", None),
    ],
)
def test_a_header_may_name_exactly_one_type(accept: str, expected: str | None) -> None:
    assert expected == only_media_type(accept)


@given(st.text(), st.lists(media_types, max_size=4))
def test_any_text_leads_to_an_available_type_or_none(
    accept: str, available: list[str]
) -> None:
    chosen = choose_media_type(accept, available)

    assert chosen is None or chosen in available


@given(media_types, st.lists(media_types, min_size=1, max_size=4))
def test_everything_else_may_be_ruled_out(wanted: str, available: list[str]) -> None:
    chosen = choose_media_type(f"{wanted}, */*;q=0", available)

    assert chosen == (wanted if wanted in available else None)


@given(st.lists(media_types, min_size=2, max_size=4, unique=True), st.data(), qualities)
def test_a_higher_quality_beats_our_order(
    available: list[str], data: st.DataObject, quality: str
) -> None:
    favourite = data.draw(st.sampled_from(available))
    others = [f"{one};q=0.001" for one in available if one != favourite]

    accept = ", ".join([f"{favourite};q={quality}", *others])
    chosen = choose_media_type(accept, available)

    assert favourite == chosen


@given(st.permutations([f"{JSON};q=0.9", f"{TEXT};q=0.8", "*/*;q=0.7"]))
def test_the_order_within_the_header_does_not_matter(ranges: list[str]) -> None:
    chosen = choose_media_type(",".join(ranges), [PNG, TEXT, JSON])

    assert chosen == JSON


def test_a_hostile_header_costs_no_time() -> None:
    chosen = choose_media_type("a/b" + "; " * 4000 + "\x00", [JSON])

    assert chosen == JSON
