"""Everything Slack sends comes in here, by whichever way: cleaned, held against its shape, handed to Bolt."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse

from bot.slack.shapes import fault

log = logging.getLogger("bot.slack")

DEEPEST = 40
"""How deep a body may nest. Slack's deepest, a list in a quote in a rich text in a modal, are at some fifteen."""

LARGEST = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL, and half of an emoji: no database takes them


_BOLTS_OWN = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What Bolt raises over some thirty more fields that it reads by itself. What a listener raises never comes as far."""


class OddError(Exception):
    """A body that nests too deep, or has a number in it that nobody can count to."""


def enter(app: App, body: Mapping[str, Any]) -> BoltResponse:
    """Have Bolt answer a body that Slack sent, whoever has checked that it did.

    What does not fit is answered 200, so that Slack does not send it again, and dropped: no listener sees it.
    """
    return enter_by(lambda _body: app, body)


def enter_by(find: Callable[[Mapping[str, Any]], App | None], body: Mapping[str, Any]) -> BoltResponse:
    """The same where it goes by the body whose app answers; where there is none, it is dropped."""
    try:
        cleaned = clean(body)
    except OddError:
        return _dropped("body")
    if misfit := fault(cleaned):
        return _dropped(misfit)
    app = find(cleaned)
    if app is None:
        return BoltResponse(status=200, body="")
    try:
        return app.dispatch(BoltRequest(body=cleaned, mode="socket_mode"))  # in which Bolt asks for no signature
    except _BOLTS_OWN:
        return _dropped("context")


def clean(value: Any, deep: int = 0) -> Any:
    """The same without what no database takes, in any string of it. Raises OddError."""
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        _no_deeper(deep)
        return {clean(name): clean(one, deep + 1) for name, one in value.items()}
    if isinstance(value, list):
        _no_deeper(deep)
        return [clean(one, deep + 1) for one in value]
    if isinstance(value, float) and not isfinite(value):
        raise OddError
    if isinstance(value, int) and abs(value) > LARGEST:
        raise OddError
    return value


def _no_deeper(deep: int) -> None:
    if deep > DEEPEST:
        raise OddError


def _dropped(at: str) -> BoltResponse:
    log.warning("odd_shape field=%s", at)
    return BoltResponse(status=200, body="")
