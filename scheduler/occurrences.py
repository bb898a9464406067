"""What a plan comes to: each nudge that is to go, or the reason why one does not; and a page to read it from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby

from scheduler.cadence import Receiver


class Reason(StrEnum):
    """Why a nudge is not to go."""

    SENT = "sent"  # it has gone already
    DONE = "done"  # what it asks for is done
    PAUSED = "paused"
    UNANSWERED = "unanswered"  # too many without an answer: somebody else is told
    NOT_IN_TERM = "not_in_term"  # the calendar has no open day for it
    CLOSED = "closed"  # no open day before it expires
    QUIET = "quiet"  # no waking hour before it expires
    BEFORE_START = "before_start"  # due before its subject was there
    SAME_DAY = "same_day"  # the same step goes, or has gone, on that date
    LIMIT = "limit"  # others of that week are nearer the conference
    EXPIRED = "expired"  # its time is over


WORDS = {
    Reason.SENT: "already sent",
    Reason.DONE: "not needed: done",
    Reason.PAUSED: "paused",
    Reason.UNANSWERED: "stopped: unanswered",
    Reason.NOT_IN_TERM: "not in term",
    Reason.CLOSED: "closed",
    Reason.QUIET: "quiet hours until it expires",
    Reason.BEFORE_START: "due before the start",
    Reason.SAME_DAY: "goes once that day",
    Reason.LIMIT: "limit",
    Reason.EXPIRED: "too late",
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One nudge to one receiver.

    key: the same for the same nudge however calendar, conference, cadence or zone change: to recognise what was sent.
    due_at, expires_at: instants in UTC; it goes at or after the one and before the other.
    day, clock: what the receiver's clock shows at due_at, in the zone of that name.
    planned: the date it was due on before closed days and quiet hours moved it.
    """

    key: str
    step: str
    subject: str
    receiver: Receiver
    recipient: str
    message: str
    flow: str
    due_at: datetime
    expires_at: datetime
    day: date
    clock: time
    zone: str
    planned: date

    @property
    def moved(self) -> bool:
        """True if it goes on a later date than planned."""
        return self.day != self.planned


@dataclass(frozen=True, slots=True)
class Skipped:
    """One nudge that does not go, and why. `day` is when it would have been; `detail` says more, or is ""."""

    key: str
    step: str
    subject: str
    receiver: Receiver
    recipient: str
    day: date
    reason: Reason
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason in words."""
        return f"{WORDS[self.reason]} ({self.detail})" if self.detail else WORDS[self.reason]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """A plan: what goes, by due_at, and what does not, by day; each key is in one of them, once."""

    due: tuple[Occurrence, ...]
    skipped: tuple[Skipped, ...]


def calendar_text(occurrences: Occurrences) -> str:
    """The plan as a page of text: a heading for each week, a line for each nudge, to go or not."""
    lines = sorted([*map(_line, occurrences.due), *map(_struck, occurrences.skipped)])
    if not lines:
        return "Nothing is planned.\n"
    widths = [max(len(line.columns[n]) for line in lines) for n in range(4)]
    weeks = groupby(lines, key=lambda line: line.day - timedelta(days=line.day.weekday()))
    return "\n".join(_week(monday, list(group), widths) for monday, group in weeks)


@dataclass(frozen=True, slots=True, order=True)
class _Line:
    day: date
    clock: str
    columns: tuple[str, str, str, str]  # to whom, who, about whom, step
    note: str


def _line(each: Occurrence) -> _Line:
    note = f"moved from {_named(each.planned)}" if each.moved else ""
    return _Line(each.day, f"{each.clock:%H:%M}", _columns(each), note)


def _struck(each: Skipped) -> _Line:
    sent = each.reason is Reason.SENT
    return _Line(each.day, "  ✓  " if sent else "  –  ", _columns(each), each.why if sent else f"not sent: {each.why}")


def _columns(each: Occurrence | Skipped) -> tuple[str, str, str, str]:
    subject = "" if each.subject == each.recipient else each.subject
    return each.receiver, each.recipient, subject, each.step


def _week(monday: date, lines: list[_Line], widths: list[int]) -> str:
    return "\n".join([f"Week of {monday.day} {monday:%B %Y}", *_days(lines, widths), ""])


def _days(lines: Iterable[_Line], widths: list[int]) -> Iterator[str]:
    shown: date | None = None
    for line in lines:
        head = _named(line.day) if line.day != shown else ""
        shown = line.day
        columns = "  ".join(text.ljust(width) for text, width in zip(line.columns, widths, strict=True) if width)
        yield f"  {head:<10}  {line.clock}  {columns}  {line.note}".rstrip()


def _named(day: date) -> str:
    return f"{day:%a} {day.day:>2} {day:%b}"
