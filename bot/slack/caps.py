"""How much one person may do in a while. What they do beyond it is not taken in, and they are told so.

What is counted is kept in this process's memory: behind several processes the caps are so many times as wide, and a
restart begins anew. They are there against floods, not against people who type fast.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Gesture(StrEnum):
    """What is counted, each for itself."""

    MESSAGE = "message"
    TAP = "tap"
    COMMAND = "command"
    FORM = "form"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at most in any such span of time."""

    most: int
    span: timedelta


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIMITS: Mapping[Gesture, Sequence[Limit]] = {
    Gesture.MESSAGE: (Limit(30, MINUTE), Limit(600, DAY)),
    Gesture.TAP: (Limit(60, MINUTE),),
    Gesture.COMMAND: (Limit(20, MINUTE),),
    Gesture.FORM: (Limit(20, MINUTE),),
    Gesture.HOME: (Limit(20, MINUTE),),
}
"""Somebody who types ten short messages in twenty seconds, all day long, meets none of them."""

MOST_KEPT = 10_000
"""Of how many people and gestures the last times are kept, at most 20 kB each; who did nothing longest is let go."""


@dataclass(frozen=True, slots=True)
class Over:
    """It is too much by this limit; `first`: and they have not been told so in this span of time."""

    limit: Limit
    first: bool


@dataclass(slots=True)
class _Past:
    """When one person did one thing, the latest last, and until when they need not be told that it is too much."""

    times: deque[float]
    told: float = field(default=0.0)


class Caps:
    """Counts, for all threads of a process."""

    def __init__(self, limits: Mapping[Gesture, Sequence[Limit]] = LIMITS, most: int = MOST_KEPT) -> None:
        self._limits = limits
        self._most = most
        self._pasts: OrderedDict[tuple[str, str, Gesture], _Past] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pasts)

    def take(self, gesture: Gesture, workspace: str, slack_id: str, now: datetime) -> Over | None:
        """Count it; or say that it is too much, and then it is not counted."""
        limits = self._limits.get(gesture)
        if not limits:
            return None
        moment = now.timestamp()
        with self._lock:
            past = self._past((workspace, slack_id, gesture), limits)
            over = next((one for one in limits if _is_over(past.times, one, moment)), None)
            if over is None:
                past.times.append(moment)
                return None
            first = moment >= past.told
            if first:
                past.told = moment + over.span.total_seconds()
            return Over(over, first)

    def _past(self, key: tuple[str, str, Gesture], limits: Sequence[Limit]) -> _Past:
        past = self._pasts.get(key)
        if past is None:
            past = self._pasts[key] = _Past(deque(maxlen=max(one.most for one in limits)))
            if len(self._pasts) > self._most:
                self._pasts.popitem(last=False)
        else:
            self._pasts.move_to_end(key)
        return past


UNCAPPED = Caps({})
"""Where time passes faster than people type: on stage, and under measurement."""


def _is_over(times: deque[float], limit: Limit, moment: float) -> bool:
    """Whether as many as there may be lie in the span before this moment."""
    return len(times) >= limit.most and moment - times[-limit.most] < limit.span.total_seconds()
