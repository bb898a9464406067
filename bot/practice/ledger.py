"""What became of every nudge of a quarter: read from the outbox, and from the plans made on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, select

from bot.practice.stage import Stage
from bot.services.nudges.company import SAID
from bot.services.nudges.days import cadence_of
from bot.services.nudges.quarter import Quarter
from bot.services.nudges.reminders import AGAIN, ASKED, of_a_step, plan_key
from bot.services.speech import Kind
from bot.store.models import Answer, Approval, Conversation, Person
from bot.store.session import AnyRow
from scheduler.cadence import From, Nudge, Receiver
from scheduler.deliveries import State, deliveries
from scheduler.occurrences import Occurrence, Reason, Skipped
from scheduler.replan import REPLANNED

SENT, ANSWERED, SILENT, PUT_OFF, NOT_NEEDED = "sent", "answered", "no answer", "put off", "not needed"
"""What may become of a nudge, besides the reasons for which one does not go."""

THEM = {
    Receiver.STUDENT: "students",
    Receiver.ADVISOR: "advisors",
    Receiver.FAMILY: "families",
    Receiver.ADULTS: "adults",
    Receiver.COORDINATOR: "the coordinator",
    Receiver.CHANNEL: "channels",
}
_CALLED = {"done": NOT_NEEDED, SAID: "with another"}
_UNTOLD = (Reason.SENT, Reason.BEFORE_START, Reason.EXPIRED, Reason.NOT_IN_TERM)
_DIGESTS = ("advisor_digest", "digest_before")


@dataclass(frozen=True)
class Entry:
    """One nudge: when on the school's clock, to whom, which, why it came, what became of it. `sent`: it went."""

    at: datetime
    to: str
    step: str
    why: str
    fate: str
    sent: bool


@dataclass(frozen=True)
class Entries:
    """Those of one student and their adults, in order; of all others how many met which fate, by who they are."""

    told: tuple[Entry, ...]
    others: Mapping[str, Counter[str]]


@dataclass
class Ledger:
    """Keeps what each morning's plan leaves out that day, and moves: a later plan only knows what is to come."""

    zone: ZoneInfo
    skipped: dict[str, Skipped] = field(default_factory=dict)
    moved: dict[str, tuple[Occurrence, str]] = field(default_factory=dict)

    def planned(self, quarter: Quarter, now: datetime) -> tuple[list[Skipped], list[Occurrence]]:
        """Note what of today does not go, and what goes on a later day; both, where they are news."""
        today = now.astimezone(self.zone).date()
        left = [one for one in quarter.planned.skipped if one.day == today and one.reason not in _UNTOLD]
        later = [one for one in quarter.planned.due if one.moved and one.planned == today]
        fresh = [one for one in left if one.key not in self.skipped]
        news = [one for one in later if one.key not in self.moved]
        self.skipped |= {one.key: one for one in left}
        name = _holiday(quarter.calendar.day(today).name) or "no school"
        self.moved |= {one.key: (one, name) for one in later}
        return fresh, news

    def entries(self, here: Stage, student: int) -> Entries:
        """Every nudge that was due by now, each once."""
        with here.bot.house.store.read() as connection:
            return _Reader(connection, here.bot.workspace, self, here.clock(), student).entries()


def reason(skip: Skipped) -> str:
    """Why a nudge does not go, in words."""
    match skip.reason:
        case Reason.DONE:
            return NOT_NEEDED
        case Reason.LIMIT:
            return f"limit: {skip.detail.partition(':')[0]}"
        case Reason.CLOSED if skip.detail:
            return f"closed: {_holiday(skip.detail)}"
        case _:
            return skip.why


def refused(why: str) -> str:
    """Why a nudge that was due did not go, in words."""
    return _CALLED.get(why, str(why))


def _holiday(name: str) -> str:
    """The name of a day as a calendar has it, without what the calendar adds: "Veterans Day: no school"."""
    return name.partition(":")[0]


def called(name: str) -> str:
    """How a name is put beside what somebody says: "Noor", "Okafor"."""
    first, _, rest = name.partition(" ")
    return rest if first.endswith(".") else first


def named(step: str) -> str:
    """A step as people say it."""
    return step.replace("check_in", "check-in").replace("_", " ")


class _Reader:
    def __init__(self, connection: Connection, workspace: str, ledger: Ledger, now: datetime, student: int) -> None:
        self._ledger, self._student, self._now = ledger, student, now
        self._people = {row.id: row for row in connection.execute(select(Person.id, Person.name, Person.role,
                        Person.advisor_id).where(Person.workspace == workspace))}  # fmt: skip
        self._nudges = {nudge.name: nudge for nudge in cadence_of(connection, workspace).nudges}
        kinds = [Kind.NUDGE, Kind.OPENING, Kind.WELCOME]
        rows = connection.execute(
            select(*deliveries.c)
            .where(deliveries.c.workspace == workspace, deliveries.c.kind.in_(kinds))
            .order_by(deliveries.c.settled_at, deliveries.c.seq)
        )
        self._rows = [row for row in rows if of_a_step(row.dedupe_key) or row.dedupe_key.startswith(ASKED)]
        self._heard = _heard(connection, workspace, student)

    def entries(self) -> Entries:
        told: list[Entry] = []
        others: dict[str, Counter[str]] = {}
        fates = self._fates()
        for row in self._rows:
            fate = fates.get(row.dedupe_key, "")
            if not fate:
                continue
            receiver = Receiver(row.payload["receiver"])
            if self._mine(row.payload):
                moved = self._ledger.moved.get(plan_key(row.dedupe_key))
                told.append(self._entry(row, receiver, f"{fate}, after {moved[1]}" if moved else fate))
            else:
                others.setdefault(THEM[receiver], Counter())[_short(fate)] += 1
        gone = {plan_key(row.dedupe_key) for row in self._rows if row.dedupe_key in fates}
        for skip in self._ledger.skipped.values():
            if skip.key in gone:
                continue
            if skip.subject == str(self._student):
                at = datetime.combine(skip.day, self._nudges[skip.step].at or time(), self._ledger.zone)
                told.append(Entry(at, self._to(skip.receiver, skip.recipient), named(skip.step),
                                  why(self._nudges[skip.step]), reason(skip), False))  # fmt: skip
            else:
                others.setdefault(THEM[skip.receiver], Counter())[_short(reason(skip))] += 1
        return Entries(tuple(sorted(told, key=lambda one: one.at)), others)

    def _mine(self, payload: Mapping[str, object]) -> bool:
        """Whether it is the student's, or about the student, or the digest of the student's advisor."""
        advisor = self._people[self._student].advisor_id
        return payload["student"] == self._student or (payload["step"] in _DIGESTS and payload["person"] == advisor)

    def _entry(self, row: AnyRow, receiver: Receiver, fate: str) -> Entry:
        sent = row.state == State.SENT
        at = (row.settled_at if sent else row.due_at).astimezone(self._ledger.zone)
        return Entry(at, self._to(receiver, str(row.payload["person"])), named(row.payload["step"]),
                     self._why(row), fate, sent)  # fmt: skip

    def _to(self, receiver: Receiver, recipient: str) -> str:
        if receiver is Receiver.CHANNEL:
            return "the channel"
        name = str(self._people[int(recipient)].name)
        return called(name) if int(recipient) == self._student else name

    def _why(self, row: AnyRow) -> str:
        if row.dedupe_key.startswith(ASKED):
            return "an advisor asked"
        nudge = self._nudges.get(row.payload["step"])
        if row.dedupe_key.startswith(AGAIN) or nudge is None:
            return "put off till then"
        return why(nudge)

    def _fates(self) -> dict[str, str]:
        """By dedupe_key; none for what is still to come or was planned away for a reason the plan has."""
        fates = {row.dedupe_key: fate for row in self._rows if (fate := self._fate(row))}
        asked = [row for row in self._rows if row.state == State.SENT and self._asks(row)]
        after = [*asked[1:], None][: len(asked)]
        put_off = {row.dedupe_key.partition(":")[2].partition("~")[0]: row.created_at for row in self._rows
                   if row.dedupe_key.startswith(AGAIN)}  # fmt: skip
        for row, following in zip(asked, after, strict=True):
            until = following.settled_at if following is not None else self._now
            key = row.dedupe_key.partition(":")[2].partition("~")[0]
            if put_off.get(key) is not None and row.settled_at <= put_off[key] < until:
                fates[row.dedupe_key] = PUT_OFF
            else:
                answered = any(row.settled_at <= at < until for at in self._heard)
                fates[row.dedupe_key] = ANSWERED if answered else SILENT
        return fates

    def _asks(self, row: AnyRow) -> bool:
        payload = row.payload
        return bool(payload["person"] == self._student and payload["receiver"] == Receiver.STUDENT and payload["flow"])

    def _fate(self, row: AnyRow) -> str:
        match row.state:
            case State.SENT:
                return SENT
            case State.CANCELLED if row.reason != REPLANNED:
                return refused(row.reason)
            case State.EXPIRED:
                return "too late"
            case State.DEAD:
                return f"not delivered: {row.reason}"
            case State.SCHEDULED if row.due_at > self._now:
                return ""
            case State.CANCELLED:
                return ""
            case _:
                return "waits"


def why(nudge: Nudge) -> str:
    """Why a nudge comes when it does, in words."""
    if nudge.anchor is From.WEEKLY:
        return f"every {str(nudge.weekday).title()}"
    number, unit = (nudge.school_days, "school day") if nudge.school_days is not None else (nudge.days or 0, "day")
    many = f"{abs(number or 0)} {unit}{'s' if abs(number or 0) != 1 else ''}"
    if nudge.anchor is From.TERM:
        return f"{many} into the term"
    if not number:
        return "on the day"
    return f"{many} {'before' if number < 0 else 'after'}"


def twice(entries: Iterable[Entry]) -> list[Entry]:
    """Those that came to somebody who had the same on that day already."""
    went = sorted((one for one in entries if one.sent), key=lambda one: (one.to, one.step, one.at))
    return [
        two for one, two in pairwise(went) if (one.to, one.step, one.at.date()) == (two.to, two.step, two.at.date())
    ]


def _heard(connection: Connection, workspace: str, student: int) -> list[datetime]:
    """When the student answered or approved something."""
    here = and_(Conversation.workspace == workspace, Conversation.person_id == student)
    answers = select(Answer.at).join(Conversation, Conversation.id == Answer.conversation_id)
    approvals = select(Approval.at).join(Conversation, Conversation.conference_id == Approval.conference_id)
    return [*connection.scalars(answers.where(here)), *connection.scalars(approvals.where(here))]


def _short(fate: str) -> str:
    """Without the details, to count by."""
    return fate.partition(" (")[0]
