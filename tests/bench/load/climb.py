"""Faster and faster, until it is too fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import quantiles

from tests.bench.load.crowd import Phase, Request

RATES = (75, 100, 125, 150, 175, 200)
"""Turns a second. Above them a student of five hundred would write more than the bot takes from one person."""
SECONDS, WARMS = 9.0, 2.0
HELD = 0.85
"""Of a rate, so much must be reached: students wait for their question, and where that is late they write less."""

Phases = Callable[[], Sequence[Sequence[Request]]]
Climb = Callable[[Phases], Iterator[Phase]]


def climbing(steady: Phase, students: int, most: float) -> Climb:
    """The steady phase, then faster ones; the last is the first in which p99 is over `most` seconds, or in which the
    rate is not reached."""

    def phases(so_far: Phases) -> Iterator[Phase]:
        yield steady
        for rate in RATES:
            yield Phase(SECONDS, students / rate, WARMS)
            turns = [one.seconds for one in so_far()[-1] if one.turn]
            if len(turns) < HELD * rate * (SECONDS - WARMS) or quantiles(turns, n=100)[98] > most:
                return

    return phases


def only(phase: Phase) -> Climb:
    """This one and nothing else."""
    return lambda _so_far: iter((phase,))
