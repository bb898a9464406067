"""What is told of the load test; `measure` is a section of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

import pytest

from bot.words import Words
from tests.bench.figures import Figure, at_most, hoped, missing, told
from tests.bench.load.climb import climbing
from tests.bench.load.crowd import Phase, Request
from tests.bench.load.playing import Played, play

SECTION = "load"
STUDENTS, THINK = 500, 10.0
SECONDS, WARMS = 63.0, 3.0
MOST = 500.0
"""Milliseconds until an event is acknowledged, at the most, of 99 in 100."""


def measure(folder: Path, _words: Words, students: int = STUDENTS, seconds: float = SECONDS) -> Iterator[Figure]:
    """A minute of it, and then faster and faster. Missing PostgreSQL is told as a figure that is missing."""
    try:
        steady = Phase(seconds, THINK, WARMS)
        yield from _told(play(folder, students, climbing(steady, students, MOST / 1000)), students)
    except pytest.skip.Exception as reason:
        print(reason)
        yield missing(SECTION, "events over HTTP, PostgreSQL")


def _told(played: Played, students: int) -> Iterator[Figure]:
    steady, seconds = played.phases[0], played.seconds[0]
    turns = [one for one in steady if one.turn]
    p50, p95, p99, slowest = percentiles(turns)
    what = f"{students} students, an answer every {THINK / 2:g} to {1.5 * THINK:g} s, acknowledged,"
    yield told(SECTION, f"{what} p50", p50, "ms")
    yield told(SECTION, f"{what} p95", p95, "ms")
    yield hoped(SECTION, f"{what} p99", p99, "ms", most=MOST)
    yield told(SECTION, f"{what} the slowest", slowest, "ms")
    yield told(SECTION, "meanwhile, turns (and as many of the bot's own messages, which come as events)",
               len(turns) / seconds, "turns/s")  # fmt: skip
    yield at_most(SECTION, "meanwhile, not acknowledged in time", sum(one.status != 200 for one in steady), 0)
    yield told(SECTION, f"the fastest with a p99 under {MOST:g} ms", fastest(played), "turns/s")
    yield from _what_became_of_it(played)
    for name, share in played.shares.items():
        yield told(SECTION, f"of all CPU, {name}", 100 * share, "%")
    yield told(
        SECTION, "how late the students' process comes to its work, p99", 1000 * quantiles(played.lags, n=100)[98], "ms"
    )


def _what_became_of_it(played: Played) -> Iterator[Figure]:
    found = played.outcome
    yield at_most(SECTION, "answers acknowledged and not stored", len(found.lost), 0)
    yield at_most(SECTION, "replies stored and not sent, or sent and not there", found.unsaid + found.missing, 0)
    yield at_most(SECTION, "replies there twice", found.doubled, 0)
    yield at_most(SECTION, "students whose next question never came", len(found.unanswered), 0)
    yield at_most(SECTION, "calls Slack's stand-in refused", len(played.refused), 0)


def percentiles(requests: Sequence[Request]) -> tuple[float, float, float, float]:
    """p50, p95, p99 and the slowest, in milliseconds."""
    times = [1000 * one.seconds for one in requests]
    hundredths = quantiles(times, n=100)
    return hundredths[49], hundredths[94], hundredths[98], max(times)


def fastest(played: Played) -> float:
    """The most turns a second of any phase whose p99 holds."""
    rates = [0.0]
    for phase, seconds in zip(played.phases, played.seconds, strict=True):
        turns = [one for one in phase if one.turn]
        if percentiles(turns)[2] < MOST:
            rates.append(len(turns) / seconds)
    return max(rates)
