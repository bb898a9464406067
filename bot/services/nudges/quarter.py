"""The quarter of a school: who is to be nudged when, from what is stored; kept in the outbox as wishes.

What a nudge says, and whether it is still wanted when its time has come, is in `nudging`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, bindparam, update

from bot.services.family import mailing
from bot.services.nudges import reminders
from bot.services.nudges.anchors import SCHOOL, Anchors
from bot.services.roster import school
from bot.services.speech import Kind
from bot.store.models import Conference as ConferenceRow
from bot.store.session import AnyRow, Store
from scheduler.cadence import From, Receiver
from scheduler.calendar import Calendar
from scheduler.occurrences import Occurrence, Occurrences, Reason
from scheduler.outbox import Changes, Draft, Outbox
from scheduler.plan import plan
from scheduler.replan import What

AGENDA = "agenda"
"""The message by which a cadence puts the agenda into the channel."""

STEPS = {AGENDA: Kind.OPENING, "family_welcome": Kind.WELCOME}
"""Messages that are steps of a conference where they go to its channel, and not said there as they are."""

CHUNK = 200
"""Subjects whose nudges are changed in one transaction, so that no student's turn waits long for it."""


@dataclass(frozen=True)
class Quarter:
    """A school's plan as of now, with what it was made of."""

    read: Anchors
    planned: Occurrences

    @property
    def calendar(self) -> Calendar:
        """The school's."""
        return self.read.calendar

    @property
    def people(self) -> Mapping[int, AnyRow]:
        """Everyone in the roster, by id."""
        return self.read.people

    @cached_property
    def _about_conferences(self) -> frozenset[str]:
        """The steps whose slot is a conference; a term may be called "1" as well."""
        return frozenset(one.name for one in self.read.cadence.nudges if one.anchor is From.CONFERENCE)

    def drafts(self) -> dict[str, list[Draft]]:
        """What is wished for, by scope: all nudges about one subject. A subject that was planned for has a scope."""
        found: dict[str, list[Draft]] = {reminders.scope(each.subject): [] for each in self.planned.skipped}
        order = {nudge.name: number for number, nudge in enumerate(self.read.cadence.nudges)}
        for each in sorted(self.planned.due, key=lambda each: (each.due_at, order[each.step])):  # as they leave
            drafts = found.setdefault(reminders.scope(each.subject), [])
            if each.message in mailing.NUDGES or not self._by_mail(each):
                drafts.append(self._draft(each))
        return found

    def _by_mail(self, each: Occurrence) -> bool:
        """Whether it goes by e-mail, which not every nudge can."""
        person = self.people.get(int(each.recipient)) if each.receiver is Receiver.FAMILY else None
        return person is not None and self.read.by_mail(each.receiver, person)

    def _draft(self, each: Occurrence) -> Draft:
        step, slot = each.step, each.key.split(":", 4)[4]
        of_a_conference = each.step in self._about_conferences and slot.isdecimal()
        conference = int(slot) if of_a_conference else 0
        student = int(each.subject) if each.subject.isdecimal() else 0
        person = 0 if each.receiver is Receiver.CHANNEL else int(each.recipient)
        about = f"person:{student or person}" if each.subject != SCHOOL else SCHOOL
        step_of = STEPS if each.receiver is Receiver.CHANNEL else {}
        return Draft(
            workspace=self.read.workspace,
            kind=Kind.MAIL if self._by_mail(each) else step_of.get(each.message, Kind.NUDGE),
            recipient=self._address(each, conference),
            subject=about,
            payload={
                "step": step, "message": each.message, "flow": each.flow, "receiver": each.receiver.value,
                "person": person, "student": student, "conference": conference, "slot": slot,
            },
            dedupe_key=reminders.dedupe_key(each.key),
            due_at=each.due_at,
            expires_at=None if self._by_mail(each) else each.expires_at,  # mailing says when a letter is too late
        )  # fmt: skip

    def _address(self, each: Occurrence, conference: int) -> str:
        """The lane of a nudge: a person's Slack id, their advisor's where they have none, or the conference's; or
        that of somebody's letters."""
        if each.receiver is Receiver.CHANNEL:
            return f"conference:{conference}"
        if self._by_mail(each):
            return mailing.address(int(each.recipient))
        person = self.read.people[int(each.recipient)]
        return str(person.slack_id or self.read.people[person.advisor_id].slack_id)


def quarter_of(
    connection: Connection, workspace: str, now: datetime, only: int | None = None, *, foretold: bool = False
) -> Quarter:
    """The plan of a school, or of one student and nobody else. A fixed number of queries, however many they are.

    foretold: to be looked at, as if all were on Slack who are not found there yet.
    """
    read = Anchors(connection, workspace, now, only, foretold=foretold)
    return Quarter(read, plan(read.cadence, read.calendar, read.all(), now))


@dataclass(frozen=True, slots=True)
class Replanned:
    """What a plan changed in the outbox; `why`: by the plan's key, the reason of each nudge that was taken out."""

    read: Anchors
    changes: Changes
    why: Mapping[str, str]


class _StaleError(Exception):
    """The school was loaded anew while it was being planned."""


def replan(store: Store, outbox: Outbox, workspace: str, now: datetime, *, mails: bool = False) -> Replanned:
    """The plan as it is now, followed. Where the school is loaded anew meanwhile, that is planned instead.

    mails: whether family who is not on Slack can be written to by e-mail.
    """
    while True:
        try:
            return _replan(store, outbox, workspace, now, mails=mails)
        except _StaleError:
            continue


def _replan(store: Store, outbox: Outbox, workspace: str, now: datetime, *, mails: bool) -> Replanned:
    """Make what waits in the outbox what the plan wishes for; what was sent is left alone.

    Part by part, so that no plan of a large school is held in memory whole; and each is only looked at first: where
    nothing is to change nothing is written, and no student waits.
    """
    with store.read() as connection:
        read = Anchors(connection, workspace, now, mails=mails)
        gone = reminders.scopes(connection, workspace)
    changes, why = Changes(), dict[str, str]()
    for anchors in read.chunks(CHUNK):
        quarter = Quarter(read, plan(read.cadence, read.calendar, anchors, now))
        wishes = {reminders.scope(each.subject): list[Draft]() for each in anchors} | quarter.drafts()
        gone -= wishes.keys()
        changed = _follow(store, outbox, read, wishes, now)
        dropped = {reminders.plan_key(each.dedupe_key) for each in changed.each if each.what is What.DROPPED}
        why |= {each.key: each.why for each in quarter.planned.skipped if each.key in dropped}
        changes = _sum(changes, changed)
        _keep_openings(store, quarter, now)
        _tell_of_silence(store, outbox, quarter, now)
    for chunk in _batched(sorted(gone), CHUNK):
        changes = _sum(changes, _follow(store, outbox, read, {scope: [] for scope in chunk}, now))
    return Replanned(read, changes, why)


def _batched(scopes: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """So many at a time (`itertools.batched` of Python 3.12)."""
    return (scopes[start : start + size] for start in range(0, len(scopes), size))


def _follow(store: Store, outbox: Outbox, read: Anchors, wishes: Mapping[str, list[Draft]], now: datetime) -> Changes:
    with store.read() as connection:
        if not outbox.differs(connection, read.workspace, wishes, now):
            return Changes(kept=sum(map(len, wishes.values())))
    with store.write() as connection:
        if school.loaded_at(connection, read.workspace, keep=True) != read.loaded_at:
            raise _StaleError
        return outbox.replan_many(connection, read.workspace, wishes, now)


def _sum(one: Changes, other: Changes) -> Changes:
    return Changes(
        one.added + other.added,
        one.moved + other.moved,
        one.cancelled + other.cancelled,
        one.kept + other.kept,
        (*one.each, *other.each),
    )


def _keep_openings(store: Store, quarter: Quarter, now: datetime) -> None:
    """Keep with each conference when its agenda is due in the channel; None where it goes up as soon as approved."""
    wanted: dict[int, datetime | None] = {}
    for each in quarter.planned.due:
        if each.message == AGENDA and each.receiver is Receiver.CHANNEL:
            wanted[int(each.key.split(":", 4)[4])] = each.due_at
    for skip in quarter.planned.skipped:
        if skip.receiver is Receiver.CHANNEL and skip.reason is not Reason.SENT and _opens(quarter, skip.step):
            wanted.setdefault(int(skip.key.split(":", 4)[4]), None)
    changed = {
        conference: due
        for conference, due in wanted.items()
        if (held := quarter.read.conferences.get(conference)) is not None and _may_be(held.agenda_at, due, now)
    }
    if changed:
        with store.write() as connection:
            mine = update(ConferenceRow).where(
                ConferenceRow.workspace == quarter.read.workspace,
                ConferenceRow.id == bindparam("held"),
                ConferenceRow.agenda_ts.is_(None),
            )
            rows = [{"held": conference, "due": due} for conference, due in changed.items()]
            connection.execute(mine.values(agenda_at=bindparam("due")), rows)


def _may_be(agenda_at: datetime | None, due: datetime | None, now: datetime) -> bool:
    """Whether the time is to be changed: not where it has come, or the student had it posted before."""
    return agenda_at != due and (agenda_at is None or agenda_at > now)


def _opens(quarter: Quarter, step: str) -> bool:
    return any(nudge.name == step and nudge.message == AGENDA for nudge in quarter.read.cadence.nudges)


def _tell_of_silence(store: Store, outbox: Outbox, quarter: Quarter, now: datetime) -> None:
    """Tell the advisor, once for each silence, that somebody is not reminded any more."""
    silent = {
        (int(skip.subject), (skip.receiver, skip.recipient))
        for skip in quarter.planned.skipped
        if skip.reason is Reason.UNANSWERED and skip.subject.isdecimal()
    }
    if not silent:
        return
    with store.write() as connection:
        drafts = reminders.stopped(connection, quarter.read.workspace, quarter.read.people, sorted(silent), now)
        outbox.put(connection, drafts, now)
