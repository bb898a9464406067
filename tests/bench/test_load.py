"""The load test, short: what it is there to show holds, whatever the machine is doing besides."""

from __future__ import annotations

from pathlib import Path

from tests.bench.load.climb import only
from tests.bench.load.crowd import Phase
from tests.bench.load.playing import play

STUDENTS, SECONDS, THINK = 50, 10.0, 3.0
TOO_LATE = 0
"""Not answered in three seconds, on a busy machine: brought again, as Slack does."""


def test_fifty_students_at_once_over_http_lose_nothing_and_read_nothing_twice(tmp_path: Path) -> None:
    played = play(tmp_path, STUDENTS, only(Phase(SECONDS, THINK)))
    assert {one.status for one in played.requests} <= {200, TOO_LATE}
    assert played.outcome.good, played.outcome
    assert played.refused == []
    assert sum(one.turn and one.status == 200 for one in played.requests) >= STUDENTS
