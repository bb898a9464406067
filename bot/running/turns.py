"""What surrounds every turn, whichever way it came in: its id, how long it took, what it was answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from slack_bolt import BoltResponse

from bot.trace import one_turn

log = logging.getLogger("bot")

Answer = Callable[[Mapping[str, Any]], BoltResponse]


class Way(StrEnum):
    """What came."""

    EVENT = "event"
    ACTION = "action"
    VIEW = "view"
    COMMAND = "command"
    OTHER = "other"


class Outcome(StrEnum):
    """How it was answered."""

    TAKEN = "taken"  # 200: it is stored, or of no use
    REFUSED = "refused"  # anything else: it comes again
    FAILED = "failed"


Told = Callable[[Way, Outcome, float], None]
"""Told of each turn, with the seconds it took."""

_WAYS = {
    "event_callback": Way.EVENT,
    "block_actions": Way.ACTION,
    "view_submission": Way.VIEW,
    "view_closed": Way.VIEW,
}


def watched(answer: Answer, told: Told) -> Answer:
    """The same answer, counted and traced."""

    def turn(body: Mapping[str, Any]) -> BoltResponse:
        way, begun = way_of(body), time.perf_counter()
        outcome = Outcome.FAILED
        with one_turn():
            try:
                response = answer(body)
                outcome = Outcome.TAKEN if response.status == 200 else Outcome.REFUSED
                return response
            finally:
                took = time.perf_counter() - begun
                told(way, outcome, took)
                log.info("answered way=%s outcome=%s seconds=%s reference=%s", way, outcome, round(took, 4),
                         body.get("event_id"))  # fmt: skip

    return turn


def way_of(body: Mapping[str, Any]) -> Way:
    """What a body is."""
    if "command" in body and "type" not in body:
        return Way.COMMAND
    kind = body.get("type")
    return _WAYS.get(kind, Way.OTHER) if isinstance(kind, str) else Way.OTHER
