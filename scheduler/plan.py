"""Which nudge goes to whom, and when: from a cadence, a calendar and what they are about. Pure.

The same inputs give the same plan. `now` only decides which term is planned and what has expired, so a plan made a
minute or a week later holds the same nudges, less those whose time is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduler.cadence import About, Cadence, From, Limit, Nudge, Receiver
from scheduler.calendar import Calendar, Moment, Term
from scheduler.occurrences import Occurrence, Occurrences, Reason, Skipped
from scheduler.walltime import DAY, MIDNIGHT, QuietHours, resolve, week_number

FAR = 10_000
"""Days to a conference where there is none: everything else goes first."""
NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class Conference:
    """A meeting: a key that stays when it is moved, its date, and the time it begins by the school's clock."""

    key: str
    day: date
    at: time = MIDNIGHT


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is written to.

    quiet: None for the school's. holds: conditions that hold for this person alone.
    unanswered: how many nudges in a row they have left without an answer.
    sent: keys of what they have been sent, or may have been, each with the instant: never planned again, and counted.
    """

    key: str
    zone: ZoneInfo
    quiet: QuietHours | None = None
    holds: frozenset[str] = frozenset()
    paused: bool = False
    unanswered: int = 0
    sent: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What nudges are about: a student, an advisor's group, the school; and who is written to about it.

    since: when it came to be known; what was due before is not made up for.
    holds: names of conditions that hold; "letter_done" always, "checked_in@2026-W47" for one week (`week_of`),
        "letter_done@<key>" for one conference, "name@<term>" for one term.
    """

    subject: str
    since: datetime
    recipients: Mapping[Receiver, tuple[Recipient, ...]]
    about: About = About.STUDENT
    conferences: tuple[Conference, ...] = ()
    holds: frozenset[str] = frozenset()


def plan(cadence: Cadence, calendar: Calendar, anchors: Iterable[Anchor], now: datetime) -> Occurrences:
    """Every nudge of the current (or else the next) term, and of every conference, to go or with the reason why not.

    What falls on one moment goes in the order in which it was to go before a holiday moved it.
    """
    planner = _Planner(cadence, calendar, calendar.term(calendar.today(now)))
    candidates = [wish for anchor in anchors for wish in planner.wishes(anchor)]
    by_recipient: dict[tuple[str, str], list[_Wish]] = defaultdict(list)
    for wish in {wish.key: wish for wish in candidates}.values():
        by_recipient[wish.receiver, wish.recipient.key].append(wish)
    found = [each for wishes in by_recipient.values() for each in _chosen(planner, wishes, now)]
    due = [each for each in found if isinstance(each, Occurrence)]
    skipped = [each for each in found if isinstance(each, Skipped)]
    return Occurrences(
        tuple(sorted(due, key=lambda each: (each.due_at, each.planned, each.key))),
        tuple(sorted(skipped, key=lambda each: (each.day, each.key))),
    )


def week_of(day: date) -> str:
    """The name of the day's week, Monday to Sunday: "2026-W47" (ISO 8601)."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


# --- what is wished for --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Slot:
    """One time a nudge comes up: the name it has in keys, the date (None: there is none), and its conference."""

    name: str
    day: date | None
    nearby: date
    conference: Conference | None = None


@dataclass(slots=True)
class _Wish:
    """A nudge for one recipient, before it is known whether it goes."""

    key: str
    series: str  # all of its key but the slot
    nudge: Nudge
    order: int
    anchor: Anchor
    receiver: Receiver
    recipient: Recipient
    slot: _Slot
    held: tuple[date, ...]  # the days of its anchor's conferences

    def skipped(self, reason: Reason, day: date | None = None, detail: str = "") -> Skipped:
        where = day or self.slot.day or self.slot.nearby
        return Skipped(
            self.key, self.nudge.name, self.anchor.subject, self.receiver, self.recipient.key, where, reason, detail
        )


@dataclass(slots=True)
class _Timed:
    """A wish that could go, and the moments between which it could."""

    wish: _Wish
    moment: Moment
    expires_at: datetime
    week: int
    rank: tuple[int, int, date, int, str]

    def occurrence(self) -> Occurrence:
        wish, moment, nudge = self.wish, self.moment, self.wish.nudge
        return Occurrence(
            key=wish.key,
            step=nudge.name,
            subject=wish.anchor.subject,
            receiver=wish.receiver,
            recipient=wish.recipient.key,
            message=nudge.message,
            flow=nudge.flow,
            due_at=moment.instant,
            expires_at=self.expires_at,
            day=moment.day,
            clock=moment.clock,
            zone=wish.recipient.zone.key,
            planned=wish.slot.day or moment.day,
        )


@dataclass(frozen=True, slots=True)
class _Window:
    """When a nudge for a slot goes, to whoever has the same clock and quiet hours; `why` if it does not."""

    moment: Moment | None
    expires_at: datetime
    week: int = 0
    why: Reason | None = None
    detail: str = ""


class _Planner:
    """Works out slots and windows, each once: many students share dates, hours and zones."""

    def __init__(self, cadence: Cadence, calendar: Calendar, term: Term | None) -> None:
        self.cadence, self.calendar, self.term = cadence, calendar, term
        self._term_slots: dict[str, list[_Slot]] = {}
        self._days: dict[tuple[str, date], date | None] = {}
        self._windows: dict[tuple[object, ...], _Window] = {}
        self._instants: dict[tuple[date, time, ZoneInfo], datetime] = {}
        self._distances: dict[tuple[tuple[date, ...], date], int] = {}
        self._most: dict[tuple[Receiver, tuple[date, ...], date], int | None] = {}

    def wishes(self, anchor: Anchor) -> Iterator[_Wish]:
        held = tuple(each.day for each in anchor.conferences)
        for order, nudge in enumerate(self.cadence.nudges):
            if nudge.about is anchor.about:
                yield from _each_recipient(order, nudge, anchor, self._slots_of(nudge, anchor), held)

    def _slots_of(self, nudge: Nudge, anchor: Anchor) -> list[_Slot]:
        if nudge.anchor is From.CONFERENCE:
            held = anchor.conferences
            return [_Slot(each.key, self._counted(nudge, each.day), each.day, each) for each in held]
        if nudge.name not in self._term_slots:
            self._term_slots[nudge.name] = list(self._in_term(nudge, self.term)) if self.term else []
        return self._term_slots[nudge.name]

    def _in_term(self, nudge: Nudge, term: Term) -> Iterator[_Slot]:
        if nudge.weekday is None:
            first = self.calendar.first_open(term.first)
            yield _Slot(term.name, first and self._counted(nudge, first), term.first)
            return
        day = term.first + DAY * ((nudge.weekday.number - term.first.weekday()) % 7)
        while day in term:
            yield _Slot(week_of(day), day, day)
            day += 7 * DAY

    def _counted(self, nudge: Nudge, start: date) -> date | None:
        key = (nudge.name, start)
        if key not in self._days:
            by_school = nudge.school_days is not None
            self._days[key] = (
                self.calendar.shift(start, nudge.school_days or 0) if by_school else start + DAY * (nudge.days or 0)
            )
        return self._days[key]

    def timed(self, wish: _Wish) -> _Timed | Skipped:
        """The moments of a wish, or why it has none."""
        slot, who = wish.slot, wish.recipient
        if slot.day is None:
            return wish.skipped(Reason.NOT_IN_TERM)
        begins = (slot.conference.day, slot.conference.at) if slot.conference else None
        key = (wish.order, wish.receiver, slot.day, begins, who.zone, who.quiet)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = self._window(wish, slot.day)
        moment = window.moment
        if moment is None or window.why:
            return wish.skipped(window.why or Reason.NOT_IN_TERM, detail=window.detail)
        if moment.instant < wish.anchor.since:
            return wish.skipped(Reason.BEFORE_START, moment.day)
        # Smaller goes first: what yields least, then what is nearest the conference.
        rank = (wish.nudge.yielding, self._distance(wish.held, moment.day), moment.day, wish.order, wish.key)
        return _Timed(wish, moment, window.expires_at, window.week, rank)

    def _window(self, wish: _Wish, day: date) -> _Window:
        who, audience = wish.recipient, wish.receiver.audience
        clock, zone = wish.nudge.at, who.zone
        if clock is None:
            clock, zone = wish.slot.conference.at if wish.slot.conference else MIDNIGHT, self.calendar.zone
        moment = self.calendar.moment(day, clock, zone, audience, who.quiet)
        expires_at = self._expiry(wish, day)
        if moment is None:
            return _Window(None, expires_at)
        if moment.instant >= expires_at:
            why = Reason.QUIET if self.calendar.is_open(day, audience) else Reason.CLOSED
            return _Window(moment, expires_at, why=why, detail=self.calendar.day(day).name)
        return _Window(moment, expires_at, week_number(moment.day))

    def _expiry(self, wish: _Wish, day: date) -> datetime:
        over = self._instant(day + DAY * (wish.nudge.lasts + 1), MIDNIGHT, wish.recipient.zone)
        held = wish.slot.conference
        if held is None or not wish.nudge.prepares:
            return over
        return min(over, self._instant(held.day, held.at, self.calendar.zone))

    def _distance(self, held: tuple[date, ...], day: date) -> int:
        """Days to the nearest conference."""
        key = (held, day)
        if key not in self._distances:
            self._distances[key] = min((abs((each - day).days) for each in held), default=FAR)
        return self._distances[key]

    def most(self, wish: _Wish, day: date) -> int | None:
        """How many the receiver may get in the week of that day; None for no limit."""
        key = (wish.receiver, wish.held, day)
        if key not in self._most:
            self._most[key] = self.cadence.limits.get(wish.receiver, NO_LIMIT).on(day, wish.held)
        return self._most[key]

    def _instant(self, day: date, clock: time, zone: ZoneInfo) -> datetime:
        key = (day, clock, zone)
        if key not in self._instants:
            self._instants[key] = resolve(day, clock, zone)
        return self._instants[key]


def _each_recipient(
    order: int, nudge: Nudge, anchor: Anchor, slots: list[_Slot], held: tuple[date, ...]
) -> Iterator[_Wish]:
    for receiver in nudge.to:
        for recipient in anchor.recipients.get(receiver, ()):
            series = f"{nudge.name}:{anchor.subject}:{receiver}:{recipient.key}:"
            for slot in slots:
                yield _Wish(series + slot.name, series, nudge, order, anchor, receiver, recipient, slot, held)


# --- what is chosen ------------------------------------------------------------------------------------------


def _chosen(planner: _Planner, wishes: list[_Wish], now: datetime) -> Iterator[Occurrence | Skipped]:
    """For one recipient: the wishes that go, and why the others do not."""
    limit = planner.cadence.limits.get(wishes[0].receiver, NO_LIMIT)
    taken = _Taken(planner, wishes)
    timed: list[_Timed] = []
    for wish in wishes:
        found = _standing(wish, limit) or planner.timed(wish)
        if isinstance(found, Skipped):
            yield found
        else:
            timed.append(found)
    for each in sorted(timed, key=lambda each: each.rank):
        yield taken.refusal(each) or _in_time(each, now)


def _standing(wish: _Wish, limit: Limit) -> Skipped | None:
    """Why a wish does not go whatever its time is."""
    who = wish.recipient
    if wish.key in who.sent:
        return wish.skipped(Reason.SENT, who.sent[wish.key].astimezone(who.zone).date())
    if _is_done(wish):
        return wish.skipped(Reason.DONE)
    if who.paused:
        return wish.skipped(Reason.PAUSED)
    if wish.nudge.flow and limit.unanswered is not None and who.unanswered >= limit.unanswered:
        return wish.skipped(Reason.UNANSWERED, detail=str(who.unanswered))
    return None


def _is_done(wish: _Wish) -> bool:
    if not wish.nudge.unless or not (wish.anchor.holds or wish.recipient.holds):
        return False
    holds = wish.anchor.holds | wish.recipient.holds
    return all(name in holds or f"{name}@{wish.slot.name}" in holds for name in wish.nudge.unless)


def _in_time(each: _Timed, now: datetime) -> Occurrence | Skipped:
    return each.occurrence() if now < each.expires_at else each.wish.skipped(Reason.EXPIRED, each.moment.day)


class _Taken:
    """What one recipient gets: how many a week, and what on which date. It begins with what has gone already."""

    def __init__(self, planner: _Planner, wishes: list[_Wish]) -> None:
        self._planner = planner
        self._given: set[tuple[str, date]] = set()
        self._gone: dict[date, list[str]] = defaultdict(list)
        self._weeks: dict[int, list[str]] = defaultdict(list)
        people = {id(wish.recipient): wish.recipient for wish in wishes}.values()
        sent = {key: at.astimezone(who.zone) for who in people for key, at in who.sent.items()}
        for key, at in sent.items():
            self._gone[at.date()].append(key)
            self._weeks[week_number(at.date())].append(key.partition(":")[0])

    def refusal(self, each: _Timed) -> Skipped | None:
        """Why it does not go after all; or None, and it is counted."""
        wish, day = each.wish, each.moment.day
        gone = self._gone.get(day)
        if (wish.series, day) in self._given or (gone and any(key.startswith(wish.series) for key in gone)):
            return wish.skipped(Reason.SAME_DAY, day)
        week = self._weeks[each.week]
        most = self._planner.most(wish, day)
        if most is not None and len(week) >= most:
            return wish.skipped(Reason.LIMIT, day, f"{most} a week: {', '.join(sorted(week)) or 'none'}")
        self._given.add((wish.series, day))
        week.append(wish.nudge.name)
        return None
