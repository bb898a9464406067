"""What a student's answers are now: revisions folded by message, in any order; and what was decided on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.dialogue.events import Act
from bot.dialogue.flow import Question, Visibility
from bot.dialogue.state import Work

BLAME = "blame"
OFF_UNTIL_SAID = frozenset({BLAME, "harsh", "everything", "empty"})
"""What the coach found wanting in answers that stay off the agenda until the student says so."""
_ALARMS = ("", "look", "explicit")  # from none to the gravest


class Spot(NamedTuple):
    """A question of a flow, in one of the flow's rounds (from 1)."""

    flow: str
    question: str
    round: int = 1


@dataclass(frozen=True, slots=True)
class Revision:
    """One stored revision of one message: the columns of `Answer` that say what it is."""

    id: int
    flow: str
    question: str
    round: int
    ts: str
    revised: str
    act: str
    text: str = ""
    choices: str = ""  # option ids, separated by spaces
    evidence: Sequence[Mapping[str, Any]] = ()  # the fields of `Work`
    alarm: str = ""  # "" | look | explicit

    @property
    def spot(self) -> Spot:
        """Where it belongs."""
        return Spot(self.flow, self.question, self.round)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it stands. With an `alarm` it has no words: those are for the counselor alone."""

    flow: str
    question: str
    round: int = 1
    text: str = ""
    choices: tuple[str, ...] = ()
    evidence: tuple[Work, ...] = ()
    alarm: str = ""
    revisions: tuple[int, ...] = ()  # ids, in the order the messages were written

    @property
    def spot(self) -> Spot:
        """Where it belongs."""
        return Spot(self.flow, self.question, self.round)


@dataclass(frozen=True, slots=True)
class Setting:
    """What was decided about one answer: the columns of `Item`."""

    visible: Visibility | None = None  # the student's choice
    develop: str = ""  # the probe that stayed open
    held_reason: str = ""  # the advisor's


NOTHING_SET = Setting()


def visibility(question: Question, setting: Setting) -> Visibility:
    """Who sees the answer: the student's choice, or the question's default."""
    return setting.visible or question.visible


def fold(revisions: Iterable[Revision]) -> dict[Spot, Given]:
    """The answers that stand. Neither the order nor the repetition of revisions matters.

    Of a message the latest revision counts; withdrawn or replaced, none does, whatever came after. The messages of an
    answer are joined in the order they were written. A choice takes the place of what was written before it, and a
    vague message gives way to a better one. What was written before an alarm at the same spot is part of what a person
    has to read: it does not count either, only what the student says after it.
    """
    return {spot: given for spot, messages in _messages(revisions).items() if (given := _given(spot, messages))}


def taken_back(revisions: Iterable[Revision]) -> frozenset[int]:
    """The ids of revisions whose message was since withdrawn or flagged, or stands before an alarm.

    A revision whose message was edited or replaced is not among them: it may stand until the new one is approved.
    """
    return frozenset(
        revision.id
        for messages in _messages(revisions).values()
        for message in messages
        if message.withdrawn or message.alarm or _key(message.ts) <= _barrier(messages)
        for revision in message.revisions
    )


@dataclass(frozen=True, slots=True)
class _Message:
    ts: str
    revisions: tuple[Revision, ...]

    @property
    def latest(self) -> Revision:
        return max(self.revisions, key=lambda one: (_key(one.revised), one.act == Act.EDITED, one.text, one.id))

    @property
    def withdrawn(self) -> bool:
        return any(revision.act == Act.WITHDRAWN for revision in self.revisions)

    @property
    def alarm(self) -> str:
        return max((revision.alarm for revision in self.revisions), key=_gravity)

    @property
    def alarmed(self) -> tuple[float, str]:
        return max((_key(one.revised) for one in self.revisions if one.alarm), default=_key(""))

    @property
    def counts(self) -> bool:
        gone = any(revision.act in (Act.WITHDRAWN, Act.REPLACED) for revision in self.revisions)
        return not gone and not self.alarm and self.latest.act != Act.ASIDE


def _messages(revisions: Iterable[Revision]) -> dict[Spot, list[_Message]]:
    """The messages of each spot, in the order they were written."""
    found: dict[Spot, dict[str, list[Revision]]] = {}
    for revision in revisions:
        found.setdefault(revision.spot, {}).setdefault(revision.ts, []).append(revision)
    return {
        spot: [_Message(ts, tuple(by_ts[ts])) for ts in sorted(by_ts, key=_key)]
        for spot, by_ts in sorted(found.items())
    }


def _given(spot: Spot, messages: Sequence[_Message]) -> Given | None:
    barrier = _barrier(messages)
    parts = [message.latest for message in messages if message.counts and _key(message.ts) > barrier]
    if not parts:
        alarm = max((message.alarm for message in messages), key=_gravity)
        return Given(*spot, alarm=alarm) if alarm else None
    chosen = max((index for index, part in enumerate(parts) if part.choices), default=0)
    parts = parts[chosen:]
    parts = _firm(parts)
    return Given(
        *spot,
        text="\n".join(part.text for part in parts if part.text),
        choices=tuple(parts[0].choices.split()),
        evidence=tuple(_work(work) for part in parts for work in part.evidence),
        revisions=tuple(part.id for part in parts),
    )


def _firm(parts: Sequence[Revision]) -> list[Revision]:
    """Without the vague ones, if anything better was said."""
    return [part for part in parts if part.act != Act.VAGUE] or list(parts)


def _barrier(messages: Iterable[_Message]) -> tuple[float, str]:
    """Nothing written up to here counts: the last alarm at this spot."""
    return max((message.alarmed for message in messages), default=_key(""))


def _work(data: Mapping[str, Any]) -> Work:
    return Work(*(str(data.get(field) or "") for field in Work._fields))


def _gravity(alarm: str) -> int:
    return _ALARMS.index(alarm) if alarm in _ALARMS else len(_ALARMS)


def _key(ts: str) -> tuple[float, str]:
    """Slack's ts ("1700000000.000100", seconds) as something that sorts."""
    return (float(ts) if ts else 0.0, ts)
