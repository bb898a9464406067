"""A load test from beginning to end: PostgreSQL filled, processes started, students let loose, all of it counted."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, update

from bot.store import migrate as schema
from bot.store.models import Person
from bot.store.session import Store
from tests.bench import school
from tests.bench.load import cast
from tests.bench.load.climb import Climb
from tests.bench.load.crowd import LONGEST_LINE, Crowd, Phase, Request
from tests.bench.load.outcome import Outcome, outcome, sent_before, settled
from tests.bench.stub import TEAM
from tests.databases import postgresql_url


@dataclass(frozen=True)
class Played:
    """How it went: all that was sent, and what of it in each phase; what became of it all; refused calls of the bot's;
    and for the first phase the share of all CPU that each took (1.0: both cores of two, all the time)."""

    requests: Sequence[Request]
    phases: Sequence[Sequence[Request]]
    seconds: Sequence[float]
    outcome: Outcome
    refused: Sequence[str]
    shares: Mapping[str, float]
    lags: Sequence[float]


def play(folder: Path, students: int, climb: Climb) -> Played:
    """Play it. On PostgreSQL, whose commits wait for the disk; missing PostgreSQL is as in tests.databases."""
    with postgresql_url(lasting=True) as url, _slack(students) as slack:
        known = json.loads(slack.stdout.readline())  # type: ignore[union-attr]
        store = Store(url)
        _fill(store, known["places"])
        before = sent_before(store)
        environment = {**known["environment"], "DATABASE_URL": url}
        with cast.at_work(environment, folder) as there:
            crowd = Crowd(there.url, environment["SLACK_SIGNING_SECRET"], known["identity"], known["places"])
            pids = {"web": there.web, "worker": there.worker, "Slack's stand-in": slack.pid}
            meter = cast.Meter(pids)
            told = asyncio.run(_played(crowd, slack, climb(crowd.phases), store, meter))
        found = outcome(store, crowd.students, [(place, one) for place, one in told["standing"]], before)
        store.close()
    return Played(
        crowd.requests,
        crowd.phases(),
        [ended - begun for begun, ended in crowd.spans],
        found,
        told["refused"],
        meter.shares,
        crowd.lags,
    )


async def _played(
    crowd: Crowd, slack: subprocess.Popen[bytes], phases: Iterator[Phase], store: Store, meter: cast.Meter
) -> Mapping[str, Any]:
    """Let them loose, and when all is settled ask what stands there."""
    incoming = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(incoming), slack.stdout)
    await crowd.play(incoming, phases, meter)
    await asyncio.to_thread(settled, store)
    assert slack.stdin is not None
    slack.stdin.write(b"\n")
    slack.stdin.flush()
    while "standing" not in (said := json.loads(await incoming.readline())):
        pass
    found: Mapping[str, Any] = said
    return found


@contextmanager
def _slack(students: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.bench.load.slack", str(students)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


def _fill(store: Store, places: Sequence[str]) -> None:
    """A school in which everybody's direct message is where the practice workspace has it."""
    schema.migrate(store)
    school.fill(store, len(places))
    moved = (
        update(Person).where(Person.workspace == TEAM, Person.slack_id == bindparam("who")).values(im=bindparam("at"))
    )
    rows = [{"who": school.slack_id(number), "at": place} for number, place in enumerate(places, 1)]
    with store.write() as connection:
        connection.execute(moved, rows)
