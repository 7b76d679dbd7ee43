"""Entity tags of jobs (RFC 9110, section 8.8.3), and what callers say of them.

A tag tells the state and the attempt of a job, then a digest of its document. Who
follows a job wants to hear of each change of the document. Who cancels one wants to be
sure that it has not ended meanwhile, and does not mind that it has made progress: so
the tag that a caller names then holds as long as state and attempt are the same.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

import msgspec

_DIGEST_BYTES: Final = 16
_TAG: Final = re.compile(r'"[^"]*"')


def job_tag(document: dict[str, Any]) -> str:
    """Return the tag of a job's status document."""
    text = msgspec.json.encode(document, order="sorted")
    digest = hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()
    return f'"{document["status"]}-{document.get("attempt", 0)}-{digest}"'


def is_unchanged(if_none_match: str, tag: str) -> bool:
    """Return whether a caller has what a tag stands for."""
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


def is_as_known(if_match: str, tag: str) -> bool:
    """Return whether a job is in the state in which a caller knows it."""
    known = {_life(one) for one in _TAG.findall(if_match)}
    return if_match.strip() == "*" or _life(tag) in known


def _life(tag: str) -> str:
    return tag.rpartition("-")[0]
