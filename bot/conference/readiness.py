"""How far a student is: ready, on the way, quiet or new; or past their conference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.conference.answers import Given, Setting, Spot

QUIET_AFTER = timedelta(days=7)


class Status(StrEnum):
    """Where a student stands, as an advisor sees it."""

    READY = "ready"
    ON_THE_WAY = "on_the_way"
    QUIET = "quiet"
    NEW = "new"
    MET = "met"  # the conference is over, and no other one is booked


@dataclass(frozen=True, slots=True)
class Readiness:
    """`done` of `total` flows, by name `finished`; `develop`: answers to talk over, with the probe that stayed open."""

    status: Status
    done: int
    total: int
    develop: tuple[tuple[Spot, str], ...] = ()
    finished: frozenset[str] = frozenset()

    @property
    def flags(self) -> int:
        """How many answers are worth a conversation."""
        return len(self.develop)


def readiness(
    flows: Sequence[str],
    done: Collection[str],
    answers: Mapping[Spot, Given],
    settings: Mapping[Spot, Setting],
    *,
    approved: bool,
    last_heard: datetime | None,
    now: datetime,
    met: bool = False,
) -> Readiness:
    """Where a student stands.

    `flows`: those to go through; `done`: those finished; `approved`: the agenda as it is now is approved;
    `last_heard`: the student's last turn, None if there was none; both times aware. Quiet: a week without a word.
    `met`: the day of the conference is past.
    """
    develop = tuple(
        (spot, settings[spot].develop)
        for spot, answer in sorted(answers.items(), key=lambda pair: pair[0])
        if spot in settings and settings[spot].develop and not answer.alarm
    )
    finished = frozenset(flows) & frozenset(done)
    status = Status.MET if met else _status(approved, last_heard, now)
    return Readiness(status, len(finished), len(flows), develop, finished)


def _status(approved: bool, last_heard: datetime | None, now: datetime) -> Status:
    if approved:
        return Status.READY
    if last_heard is None:
        return Status.NEW
    return Status.QUIET if now - last_heard >= QUIET_AFTER else Status.ON_THE_WAY
