"""Lists a page at a time, with cursors."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from bot.practice.message import Json
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call

T = TypeVar("T")
_MOST = 999


def page(call: Call, items: Sequence[T], usual: int = 100) -> tuple[list[T], Json]:
    """The page of `items` that `cursor` and `limit` ask for, and the answer's `response_metadata`."""
    limit = call.get("limit", usual)
    if not 1 <= limit <= _MOST:
        raise Refusal("invalid_arguments", [f"limit: must be 1 to {_MOST}"])
    start = _start(call.get("cursor", ""), len(items))
    end = start + limit
    following = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"response_metadata": {"next_cursor": following}}


def _start(cursor: str, count: int) -> int:
    if not cursor:
        return 0
    try:
        start = int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise Refusal("invalid_cursor") from None
    if not 0 < start < count:
        raise Refusal("invalid_cursor")
    return start
