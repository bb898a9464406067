"""Random quarters, and an oracle that says of each nudge by itself when it would go, or why it would not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduler.cadence import Cadence, From, Limit, Near, Nudge, Receiver
from scheduler.calendar import Calendar
from scheduler.occurrences import Occurrences, Reason
from scheduler.plan import Anchor, Conference, Recipient
from scheduler.tables import Weekday
from scheduler.walltime import DAY
from tests.scheduler import minutes
from tests.scheduler.calendars import calendars, clocks, zones

RECEIVERS = (Receiver.STUDENT, Receiver.ADULTS)
CONDITIONS = ("a", "b")


@dataclass(frozen=True)
class Quarter:
    """All that a plan is made from."""

    cadence: Cadence
    calendar: Calendar
    anchors: tuple[Anchor, ...]
    now: datetime


@dataclass(frozen=True)
class Wish:
    """One nudge for one recipient, as the oracle sees it. `day` is None where there are too few school days."""

    nudge: Nudge
    anchor: Anchor
    receiver: Receiver
    who: Recipient
    slot: str
    day: date | None
    held: Conference | None

    @property
    def key(self) -> str:
        return f"{self.series}{self.slot}"

    @property
    def series(self) -> str:
        return f"{self.nudge.name}:{self.anchor.subject}:{self.receiver}:{self.who.key}:"


# --- at random -----------------------------------------------------------------------------------------------


@st.composite
def quarters(draw: st.DrawFn) -> Quarter:
    calendar = draw(calendars())
    first, last = calendar.terms[0].first, calendar.terms[0].last
    adult = Recipient("adult", draw(zones))
    number = draw(st.integers(1, 2))
    anchors = tuple(draw(_anchors(f"s{n}", first, (last - first).days, adult)) for n in range(number))
    names = draw(st.integers(1, 4))
    cadence = Cadence(tuple(draw(_nudges(f"n{n}")) for n in range(names)), draw(_limits()))
    return Quarter(cadence, calendar, anchors, draw(_instants(first, (last - first).days)))


def _instants(first: date, length: int) -> st.SearchStrategy[datetime]:
    start = datetime.combine(first, time(12), UTC)
    return st.integers(0, length * 24 * 60).map(lambda minute: start + timedelta(minutes=minute))


@st.composite
def _anchors(draw: st.DrawFn, subject: str, first: date, length: int, adult: Recipient) -> Anchor:
    after = draw(st.lists(st.integers(0, length + 3), max_size=2))
    conferences = tuple(Conference(f"c{n}", first + DAY * days, draw(clocks)) for n, days in enumerate(after))
    rarely = st.integers(0, 9).map(lambda number: number == 0)
    student = Recipient(subject, draw(zones), paused=draw(rarely), unanswered=2 * draw(rarely))
    since = draw(st.one_of(st.just(datetime(2020, 1, 1, tzinfo=UTC)), _instants(first, length)))
    holds = draw(st.frozensets(st.sampled_from([*CONDITIONS, "a@c0", "b@c1"]), max_size=1))
    recipients = {Receiver.STUDENT: (student,), Receiver.ADULTS: (adult,)}
    return Anchor(subject, since, recipients, conferences=conferences, holds=holds)


@st.composite
def _nudges(draw: st.DrawFn, name: str) -> Nudge:
    anchor = draw(st.sampled_from(From))
    offset = draw(st.integers(-14, 10))
    day: dict[str, object] = {draw(st.sampled_from(["days", "school_days"])): abs(offset)}
    if anchor is From.WEEKLY:
        day = {"weekday": draw(st.sampled_from(Weekday))}
    elif anchor is From.CONFERENCE:
        day = dict.fromkeys(day, offset)
    unless = draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True))
    to = draw(st.sampled_from([(Receiver.STUDENT,), (Receiver.ADULTS,), RECEIVERS]))
    row = {"name": name, "to": to, "anchor": anchor, "at": draw(clocks), "message": name, "unless": tuple(unless)}
    return Nudge.model_validate(
        {**row, **day, "lasts": draw(st.integers(0, 12)), "yields": draw(st.booleans())},
    )


@st.composite
def _limits(draw: st.DrawFn) -> dict[Receiver, Limit]:
    near = draw(st.none() | st.builds(Near, days=st.integers(0, 14), per_week=st.integers(1, 4)))
    student = Limit(per_week=draw(st.integers(0, 3)), near=near, unanswered=2)
    return {Receiver.STUDENT: student} | draw(st.sampled_from([{}, {Receiver.ADULTS: Limit(per_week=1)}]))


# --- the oracle ----------------------------------------------------------------------------------------------


def wishes(quarter: Quarter) -> Iterator[Wish]:
    """Every nudge that must be in the plan, to go or not."""
    for anchor in quarter.anchors:
        for nudge in quarter.cadence.nudges:
            for receiver in nudge.to:
                for who in anchor.recipients[receiver]:
                    for slot, day, held in _slots(nudge, anchor, quarter):
                        yield Wish(nudge, anchor, receiver, who, slot, day, held)


def verdict(wish: Wish, quarter: Quarter) -> Reason | tuple[datetime, datetime]:
    """Why it does not go, or from and until when it would, were there no other."""
    limit = quarter.cadence.limits.get(wish.receiver, Limit())
    if wish.key in wish.who.sent:
        return Reason.SENT
    names = wish.anchor.holds | wish.who.holds
    if wish.nudge.unless and all({name, f"{name}@{wish.slot}"} & names for name in wish.nudge.unless):
        return Reason.DONE
    if wish.who.paused:
        return Reason.PAUSED
    if wish.nudge.flow and limit.unanswered and wish.who.unanswered >= limit.unanswered:
        return Reason.UNANSWERED
    return _moments(wish, quarter)


def may_write(wish: Wish, quarter: Quarter, instant: datetime) -> bool:
    """True if the receiver is awake and the day is open at that minute."""
    calendar, audience = quarter.calendar, wish.receiver.audience
    quiet = (calendar.quiet.start, calendar.quiet.end)
    return minutes.allowed(instant, wish.who.zone, lambda day: calendar.is_open(day, audience), quiet)


def _moments(wish: Wish, quarter: Quarter) -> Reason | tuple[datetime, datetime]:
    calendar, audience, zone = quarter.calendar, wish.receiver.audience, wish.who.zone
    if wish.day is None:
        return Reason.NOT_IN_TERM
    quiet, last = (calendar.quiet.start, calendar.quiet.end), calendar.terms[-1].last
    due = minutes.moment(wish.day, wish.nudge.at, zone, lambda day: calendar.is_open(day, audience), quiet, last)
    over = minutes.first_reached(wish.day + DAY * (wish.nudge.lasts + 1), time(), zone)
    offset = wish.nudge.days or wish.nudge.school_days or 0
    if wish.held and offset < 0:
        over = min(over, minutes.first_reached(wish.held.day, wish.held.at, calendar.zone))
    if due is None:
        return Reason.NOT_IN_TERM
    if due >= over:
        return Reason.QUIET if calendar.is_open(wish.day, audience) else Reason.CLOSED
    return Reason.BEFORE_START if due < wish.anchor.since else (due, over)


def _slots(nudge: Nudge, anchor: Anchor, quarter: Quarter) -> Iterator[tuple[str, date | None, Conference | None]]:
    term = quarter.calendar.terms[0]
    in_term = [term.first + DAY * n for n in range((term.last - term.first).days + 1)]
    if nudge.anchor is From.CONFERENCE:
        yield from ((held.key, _counted(nudge, held.day, quarter.calendar), held) for held in anchor.conferences)
    elif nudge.anchor is From.TERM:
        first = next((day for day in in_term if quarter.calendar.is_open(day)), None)
        yield term.name, first and _counted(nudge, first, quarter.calendar), None
    else:
        yield from ((f"{day:%G-W%V}", day, None) for day in in_term if f"{day:%A}".lower() == nudge.weekday)


def _counted(nudge: Nudge, start: date, calendar: Calendar) -> date | None:
    if nudge.school_days is None:
        return start + DAY * (nudge.days or 0)
    left, day, step = abs(nudge.school_days), start, DAY if nudge.school_days >= 0 else -DAY
    while left or not calendar.is_open(day):
        day += step
        left -= bool(left) and calendar.is_open(day)
        if not calendar.terms[0].first - 60 * DAY <= day <= calendar.terms[-1].last + 60 * DAY:
            return None
    return day


# --- as if it had gone ---------------------------------------------------------------------------------------


def sent_by(quarter: Quarter, planned: Occurrences, now: datetime) -> Quarter:
    """The quarter at `now`, all that was due before it having been sent when it was due."""
    gone: dict[tuple[Receiver, str], dict[str, datetime]] = {}
    for each in planned.due:
        if each.due_at <= now:
            gone.setdefault((each.receiver, each.recipient), {})[each.key] = each.due_at
    anchors = [
        replace(
            anchor,
            recipients={
                receiver: tuple(replace(who, sent={**who.sent, **gone.get((receiver, who.key), {})}) for who in people)
                for receiver, people in anchor.recipients.items()
            },
        )
        for anchor in quarter.anchors
    ]
    return replace(quarter, anchors=tuple(anchors), now=now)
