"""What stays of a delivery's payload when it is settled long since, or when somebody it spoke of is erased."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from scheduler.outbox import lightened

WORDS_KEPT = timedelta(days=14)
"""So long after a delivery was settled its payload is kept whole."""

KEPT = frozenset(
    {
        # names of ours and row ids: a button under an old nudge still finds what it was about (nudges.snoozing)
        "step", "message", "flow", "receiver", "person", "student", "conference", "slot", "notes",
        # an old card is still found by its language (channels.cards)
        "card", "language",
        # who was told already, by row id (family.handing, nudges.reminders)
        "people", "silences",
        # where and when a conference was said to be (channels.moving)
        "when",
        # which answer was held back, by its place (advising.withholding)
        "about",
        # what the outbox command shows
        "template", "page", "ts", "remove", "keep", "file", "letter", "new",
    }
)  # fmt: skip
"""The names whose values stay. There are no words of anybody's in any of them."""


def light(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload without the words in it."""
    return lightened(payload, KEPT)
