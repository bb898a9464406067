"""What can become of an attempt. Only a parsed reply decides between sent and refused; all else is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted: where it stands now."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Later:
    """Refused for now; it keeps its place and its lane waits. `method`: what a rate limit stopped, if one did; for as
    long, or for `hold` seconds."""

    seconds: float
    reason: str
    method: str | None = None
    hold: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for good, with a reason somebody sees."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has said whether it arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Not sent, and never to be: the reason why it is no longer wanted or allowed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not sent: its time is not now but `until`. It gives up its place in the lane, which goes on."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class TooLate:
    """Not sent: its `expires_at` had passed."""


@dataclass(frozen=True, slots=True)
class Released:
    """Not tried: given back for whoever claims it next, not before `until`."""

    until: datetime | None = None


Outcome = Sent | Later | Refused | Unknown
"""What a call came to."""

Final = Sent | Refused | Unwanted
"""What ends a delivery in a way others may want to know of."""

Verdict = Outcome | Unwanted | Postponed | TooLate | Released
"""What a holding of a delivery came to."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A delivery in hand and what became of it."""

    delivery: Delivery
    verdict: Verdict
