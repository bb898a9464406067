"""The plan of a quarter as pages of text: what will be sent to whom and when, and what a new plan has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.services.family.households import SILENT
from bot.services.nudges.anchors import Anchors
from bot.services.nudges.quarter import Quarter, Replanned
from bot.services.nudges.reminders import plan_key
from scheduler.cadence import Receiver
from scheduler.occurrences import Occurrence, Occurrences, Reason, Skipped, calendar_text
from scheduler.outbox import Change
from scheduler.replan import What

GONE = "somebody who has left"
EVER = datetime.max.replace(tzinfo=UTC)
LINES = 20
"""Changes that are told one by one; of the others, how many they are."""

_PLURALS = {
    Receiver.STUDENT: "students",
    Receiver.ADVISOR: "advisors",
    Receiver.FAMILY: "family members",
    Receiver.ADULTS: "adults",
    Receiver.COORDINATOR: "coordinators",
    Receiver.CHANNEL: "channels",
}
_UNTOLD = (Reason.BEFORE_START, Reason.EXPIRED)


def page(quarter: Quarter, student: int | None, now: datetime) -> str:
    """The coming quarter of one student, nudge by nudge; or of the school, all of one kind and moment in a line."""
    today = quarter.read.calendar.today(now)
    coming = Occurrences(
        quarter.planned.due,
        tuple(each for each in quarter.planned.skipped if each.day >= today and each.reason not in _UNTOLD),
    )
    return calendar_text(_named(quarter, coming) if student is not None else _counted(coming))


def told(done: Replanned) -> list[str]:
    """What a new plan has changed, a line each in the order of time: which nudge to whom, when it was due and is, or
    why not any more.

    First how many; nothing where none comes at another time than before.
    """
    changes = [change for change in done.changes.each if change.what is not What.ALTERED]
    if not changes:
        return []
    kinds = Counter(change.what for change in changes)
    head = (
        f"Messages to come: {kinds[What.ADDED] + kinds[What.BACK]} added, {kinds[What.MOVED]} moved, "
        f"{kinds[What.DROPPED]} taken out. See them all: conference-coach cadence"
    )
    changes.sort(key=lambda change: (change.due or change.was or EVER, change.dedupe_key))
    lines = [head, *(_line(done, change) for change in changes[:LINES])]
    rest = len(changes) - LINES
    return [*lines, f"  … and {rest} more"] if rest > 0 else lines


def _line(done: Replanned, change: Change) -> str:
    key = plan_key(change.dedupe_key)
    step, subject, receiver, recipient, _ = key.split(":", 4)
    about = _name(done.read, subject)
    to = "" if receiver == Receiver.STUDENT else f" to {_whom(done.read, Receiver(receiver), recipient)}"
    was, due = (_when(at, done.read.calendar.zone) for at in (change.was, change.due))
    said = {
        What.ADDED: f"+ {due}",
        What.MOVED: f"~ {was} → {due}",
        What.BACK: f"+ {due}, wanted again",
        What.DROPPED: f"- {was}, not wanted any more: {done.why.get(key) or _gone(done.read, key)}",
    }[change.what]
    sign, _, rest = said.partition(" ")
    return f"  {sign} {about}: {step}{to} {rest}"


def _gone(read: Anchors, key: str) -> str:
    """Why a nudge is not in the plan at all, as far as it can be told from what there is now."""
    step, subject, receiver, recipient, slot = key.split(":", 4)
    nudge = next((one for one in read.cadence.nudges if one.name == step), None)
    if nudge is None or receiver not in nudge.to:
        return "taken out of the cadence"
    people = [read.people.get(int(one)) for one in (subject.removeprefix("g"), recipient) if one.isdecimal()]
    if None in people:
        return "no longer in the roster"
    if slot.isdecimal() and int(slot) not in read.conferences:
        return "the conference is cancelled or gone"
    if receiver == Receiver.FAMILY and read.silent(int(subject), int(recipient)):
        return SILENT
    return "the calendar, the cadence or the roster no longer asks for it"


def nobody_yet(read: Anchors) -> bool:
    """Whether nobody who is written to is on Slack, so that no plan is kept."""
    return not any(one.slack_id for one in read.people.values() if one.role != "counselor")


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return ""
    here = at.astimezone(zone)
    return f"{here:%a} {here.day} {here:%b %H:%M}"


def _name(read: Anchors, subject: str) -> str:
    number = subject.removeprefix("g")
    person = read.people.get(int(number)) if number.isdecimal() else None
    if person is not None:
        return str(person.name)
    return GONE if number.isdecimal() else subject


def _whom(read: Anchors, receiver: Receiver, recipient: str) -> str:
    return "the channel" if receiver is Receiver.CHANNEL else _name(read, recipient)


def _named(quarter: Quarter, planned: Occurrences) -> Occurrences:
    def due(each: Occurrence) -> Occurrence:
        return replace(each, recipient=_whom(quarter.read, each.receiver, each.recipient), subject=_about(each))

    def skipped(each: Skipped) -> Skipped:
        return replace(each, recipient=_whom(quarter.read, each.receiver, each.recipient), subject=_about(each))

    def _about(each: Occurrence | Skipped) -> str:
        return _whom(quarter.read, each.receiver, each.recipient)  # it is one student's page: nothing to say

    return Occurrences(tuple(map(due, planned.due)), tuple(map(skipped, planned.skipped)))


def _counted(planned: Occurrences) -> Occurrences:
    """One line for all that are alike but for whom they go to."""
    due = Counter((each.day, each.clock, each.receiver, each.step, each.planned) for each in planned.due)
    first = {(each.day, each.clock, each.receiver, each.step, each.planned): each for each in reversed(planned.due)}
    lines = [_many(first[key], number) for key, number in due.items()]
    missed = Counter((each.day, each.receiver, each.step, each.reason) for each in planned.skipped)
    one = {(each.day, each.receiver, each.step, each.reason): each for each in reversed(planned.skipped)}
    struck = [replace(_some(one[key], number), detail=_common(planned.skipped, key)) for key, number in missed.items()]
    return Occurrences(tuple(lines), tuple(struck))


def _common(skipped: Iterable[Skipped], key: tuple[object, ...]) -> str:
    """The detail, where all that are counted together have the same."""
    details = {each.detail for each in skipped if (each.day, each.receiver, each.step, each.reason) == key}
    return details.pop() if len(details) == 1 else ""


def _many(each: Occurrence, number: int) -> Occurrence:
    who = _how_many(each.receiver, number)
    return replace(each, recipient=who, subject=who)


def _some(each: Skipped, number: int) -> Skipped:
    who = _how_many(each.receiver, number)
    return replace(each, recipient=who, subject=who)


def _how_many(receiver: Receiver, number: int) -> str:
    return f"{number} {_PLURALS[receiver]}" if number > 1 else f"1 {_PLURALS[receiver].removesuffix('s')}"
