"""The plan of a quarter: each nudge once, at its time, or the reason why not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.cadence import About, From, Receiver, parse_cadence
from scheduler.calendar import Calendar, DayKind, Span, Term
from scheduler.occurrences import Occurrence, Occurrences, Reason, Skipped, calendar_text
from scheduler.plan import Anchor, Conference, Recipient, plan, week_of
from scheduler.walltime import DAY, QuietHours, week_number
from tests.scheduler import minutes
from tests.scheduler.calendars import zones
from tests.scheduler.quarters import Quarter, Wish, may_write, quarters, sent_by, verdict, wishes

NEW_YORK = ZoneInfo("America/New_York")
QUARTER_2 = Term("Quarter 2", date(2026, 11, 9), date(2027, 1, 29))
THANKSGIVING = Span(DayKind.BREAK, date(2026, 11, 25), date(2026, 11, 27), "Thanksgiving")
CALENDAR = Calendar(NEW_YORK, (QUARTER_2,), (THANKSGIVING,))
START = datetime(2026, 11, 9, 12, tzinfo=UTC)


def _plan(quarter: Quarter) -> Occurrences:
    return plan(quarter.cadence, quarter.calendar, quarter.anchors, quarter.now)


# --- at random, against the oracle ---------------------------------------------------------------------------


@given(quarters())
@settings(max_examples=120, deadline=None)
def test_each_nudge_goes_once_at_its_minute_or_has_the_reason_why_not(quarter: Quarter) -> None:
    planned, wished = _plan(quarter), {wish.key: wish for wish in wishes(quarter)}
    assert sorted([each.key for each in planned.due + planned.skipped]) == sorted(wished)
    for each in planned.due:
        due_at, expires_at = verdict(wished[each.key], quarter)
        assert (each.due_at, each.expires_at) == (due_at, expires_at)
        assert expires_at > quarter.now
        assert may_write(wished[each.key], quarter, each.due_at)
        assert datetime.combine(each.day, each.clock) == minutes.shown(each.due_at, ZoneInfo(each.zone))
    for skipped in planned.skipped:
        seen = verdict(wished[skipped.key], quarter)
        if isinstance(seen, Reason):
            assert skipped.reason is seen
        else:
            assert skipped.reason in (Reason.LIMIT, Reason.SAME_DAY, Reason.EXPIRED)
            assert (skipped.reason is not Reason.EXPIRED) or seen[1] <= quarter.now


@given(quarters())
@settings(max_examples=120, deadline=None)
def test_a_step_goes_to_nobody_twice_on_a_date_and_to_nobody_more_often_than_is_allowed(quarter: Quarter) -> None:
    planned, wished = _plan(quarter), {wish.key: wish for wish in wishes(quarter)}
    taken = [(wished[each.key], each.day) for each in _taken(planned)]
    dates = Counter((wish.series, day) for wish, day in taken)
    assert all(number == 1 for number in dates.values())
    for skipped in planned.skipped:
        wish = wished[skipped.key]
        if skipped.reason is Reason.SAME_DAY:
            assert dates[wish.series, skipped.day] == 1
        if skipped.reason is Reason.LIMIT:
            rivals = [other for other in taken if _same_week(other, wish, skipped.day)]
            before = [other for other in rivals if _nearer(other, (wish, skipped.day))]
            assert len(before) >= (_most(wish, skipped.day, quarter) or 0)
    for wish, day in taken:
        most = max(_most(wish, day + DAY * n, quarter) or 99 for n in range(-6, 7))
        assert sum(_same_week(other, wish, day) for other in taken) <= most


@given(quarters(), st.integers(0, 30 * 24 * 60))
@settings(max_examples=120, deadline=None)
def test_started_again_at_any_minute_it_plans_the_same_less_what_is_over(quarter: Quarter, later: int) -> None:
    now = min(quarter.now + timedelta(minutes=later), _last_minute(quarter))
    before, after = _plan(quarter), _plan(replace(quarter, now=now))
    assert list(after.due) == [each for each in before.due if each.expires_at > now]
    backwards = replace(quarter, anchors=quarter.anchors[::-1], now=now)
    assert _plan(backwards) == after


@given(quarters(), st.integers(0, 30 * 24 * 60), zones, st.integers(-3, 3), st.integers(0, 30), st.booleans())
@settings(max_examples=120, deadline=None)
def test_whatever_changes_in_mid_term_nothing_sent_is_sent_again(
    quarter: Quarter, later: int, zone: ZoneInfo, moved: int, closed: int, wider: bool
) -> None:
    now = min(quarter.now + timedelta(minutes=later), _last_minute(quarter))
    changed = _changed(sent_by(quarter, _plan(quarter), now), zone, moved, closed, wider)
    sent = {key: at for each in changed.anchors for who in _people(each) for key, at in who.sent.items()}
    after = _plan(changed)
    assert not {each.key for each in after.due} & set(sent)
    at_home = {each.key: each.zone for each in after.due}
    dates = {(key.rpartition(":")[0], _date_of(at, changed, key)) for key, at in sent.items()}
    assert not {(each.key.rpartition(":")[0], each.day) for each in after.due} & dates, at_home
    assert {each.key for each in after.skipped if each.reason is Reason.SENT} <= set(sent)


def _changed(quarter: Quarter, zone: ZoneInfo, moved: int, closed: int, wider: bool) -> Quarter:
    """Everybody is in another zone, conferences move, a day closes, and limits fall away."""
    day = quarter.calendar.terms[0].first + DAY * closed
    spans = (*quarter.calendar.spans, Span(DayKind.CLOSED, day, day))
    anchors = tuple(
        replace(
            anchor,
            conferences=tuple(replace(held, day=held.day + DAY * moved) for held in anchor.conferences),
            recipients={
                receiver: tuple(replace(who, zone=zone) for who in people)
                for receiver, people in anchor.recipients.items()
            },
        )
        for anchor in quarter.anchors
    )
    cadence = replace(quarter.cadence, limits={}) if wider else quarter.cadence
    return replace(quarter, calendar=replace(quarter.calendar, spans=spans), anchors=anchors, cadence=cadence)


def _people(anchor: Anchor) -> list[Recipient]:
    return [who for people in anchor.recipients.values() for who in people]


def _date_of(sent_at: datetime, quarter: Quarter, key: str) -> date:
    who = next(who for anchor in quarter.anchors for who in _people(anchor) if key in who.sent)
    return minutes.shown(sent_at, who.zone).date()


def _last_minute(quarter: Quarter) -> datetime:
    last = minutes.first_reached(quarter.calendar.terms[0].last, time(23, 59), quarter.calendar.zone)
    return max(last, quarter.now)


def _taken(planned: Occurrences) -> list[Occurrence | Skipped]:
    """What goes, or would have gone before its time was over."""
    return [*planned.due, *(each for each in planned.skipped if each.reason is Reason.EXPIRED)]


def _same_week(other: tuple[Wish, date], wish: Wish, day: date) -> bool:
    same = (other[0].receiver, other[0].who.key) == (wish.receiver, wish.who.key)
    return same and week_number(other[1]) == week_number(day)


def _nearer(one: tuple[Wish, date], other: tuple[Wish, date]) -> bool:
    return _distance(*one) <= _distance(*other)


def _distance(wish: Wish, day: date) -> tuple[bool, bool, int]:
    near = min((abs((held.day - day).days) for held in wish.anchor.conferences), default=10_000)
    return wish.nudge.yields, wish.nudge.yields and wish.nudge.anchor is not From.CONFERENCE, near


def _most(wish: Wish, day: date, quarter: Quarter) -> int | None:
    limit = quarter.cadence.limits.get(wish.receiver)
    return limit.on(day, [held.day for held in wish.anchor.conferences]) if limit else None


# --- by name -------------------------------------------------------------------------------------------------


def _noor(
    day: date = date(2026, 12, 10),
    at: time = time(17, 30),
    since: datetime = START,
    holds: frozenset[str] = frozenset(),
    **student: object,
) -> Anchor:
    recipients = {
        Receiver.STUDENT: (replace(Recipient("noor", NEW_YORK), **student),),
        Receiver.FAMILY: (Recipient("amal", NEW_YORK),),
        Receiver.ADULTS: (Recipient("reyes", NEW_YORK),),
        Receiver.CHANNEL: (Recipient("conf-noor", NEW_YORK),),
    }
    return Anchor("noor", since, recipients, conferences=(Conference("c1", day, at),), holds=holds)


def _due(planned: Occurrences, recipient: str = "noor") -> dict[str, str]:
    """By step (and week): when the receiver's clock shows it."""
    mine = [each for each in planned.due if each.recipient == recipient]
    return {f"{each.step}@{each.key.rpartition(':')[2]}": f"{each.day} {each.clock:%H:%M}" for each in mine}


def _why(planned: Occurrences, step: str, recipient: str = "noor") -> list[str]:
    return [each.why for each in planned.skipped if (each.step, each.recipient) == (step, recipient)]


def _default(anchor: Anchor, calendar: Calendar = CALENDAR, now: datetime = START) -> Occurrences:
    return plan(parse_cadence(), calendar, [anchor], now)


def test_the_way_to_a_conference_leads_over_school_days() -> None:
    due = _due(_default(_noor()))
    assert [due[f"{step}@c1"] for step in ("letter", "choose_evidence", "next_step", "approval", "reminder")] == [
        "2026-11-30 15:30",  # T-14 was Thanksgiving
        "2026-11-30 15:30",
        "2026-12-03 15:30",
        "2026-12-07 15:30",
        "2026-12-09 16:00",
    ]
    assert _due(_default(_noor()), "conf-noor")["agenda@c1"] == "2026-12-08 16:00"


def test_the_day_before_a_mondays_conference_is_friday() -> None:
    assert _due(_default(_noor(date(2026, 12, 14))))["reminder@c1"] == "2026-12-11 16:00"


def test_a_weekly_nudge_gives_way_to_what_prepares_the_conference() -> None:
    assert _why(_default(_noor()), "evidence")[1] == "limit (3 a week: choose_evidence, letter, next_step)"


def test_a_week_off_has_no_weekly_nudges_and_says_why() -> None:
    assert "closed (Thanksgiving)" in _why(_default(_noor()), "evidence")


def test_a_student_who_comes_in_mid_quarter_starts_from_then() -> None:
    came = datetime(2026, 12, 4, 17, tzinfo=UTC)
    planned = _default(_noor(since=came), now=came)
    assert min(each.due_at for each in planned.due) >= came
    assert _why(planned, "letter") == ["due before the start"]
    assert "approval@c1" in _due(planned)


def test_what_is_done_is_not_asked_for_and_leaves_its_place_to_another() -> None:
    planned = _default(_noor(holds=frozenset({"letter_done", "strengths_done", "checked_in@2026-W46", "rehearsed@c1"})))
    assert _why(planned, "letter") == ["not needed: done"]
    assert _why(planned, "check_in")[0] == "not needed: done"
    assert {"choose_evidence@c1", "check_in@2026-W47", "evidence@2026-W49"} <= set(_due(planned))


def test_practice_gives_way_to_what_must_be_done_and_comes_where_that_is_done() -> None:
    busy = _due(_default(_noor()))
    assert {"next_step@c1", "approval@c1", "reminder@c1", "reflection@c1"} <= set(busy)
    assert not {"rehearsal_1@c1", "rehearsal_2@c1", "lead@c1"} & set(busy)
    prepared = frozenset({"all_done", "letter_done", "strengths_done", "struggles_done", "approved"})
    ready = _due(_default(_noor(holds=prepared)))
    assert [ready[f"{step}@c1"] for step in ("rehearsal_1", "reminder", "lead", "reflection")] == [
        "2026-12-03 15:30", "2026-12-09 16:00", "2026-12-10 07:45", "2026-12-11 15:30",
    ]  # fmt: skip
    monday = _due(_default(_noor(date(2026, 12, 14), holds=prepared)))
    assert (monday["rehearsal_2@c1"], monday["lead@c1"]) == ("2026-12-09 15:30", "2026-12-14 07:45")
    practised = _default(_noor(holds=prepared | {"rehearsed@c1", "rehearsed_twice@c1"}))
    assert _why(practised, "rehearsal_1") == _why(practised, "rehearsal_2") == ["not needed: done"]


def test_nobody_who_pauses_or_has_left_two_unanswered_gets_anything() -> None:
    assert not _due(_default(_noor(paused=True)))
    left = _default(_noor(unanswered=2))
    assert "reminder@c1" in _due(left)  # it asks for nothing
    assert not [each for each in left.due if each.flow]
    assert _why(_default(_noor(unanswered=2)), "letter") == ["stopped: unanswered (2)"]
    assert _due(_default(_noor(unanswered=1)))


def test_what_was_sent_counts_even_when_its_step_is_gone() -> None:
    wednesday = datetime(2026, 11, 18, 20, 30, tzinfo=UTC)
    sent = {"old_step:noor:student:noor:2026-W47": wednesday, "older:noor:student:noor:x": wednesday}
    planned = _default(_noor(sent=sent))
    assert _why(planned, "evidence")[0] == "limit (2 a week: old_step, older)"


def test_a_conference_that_moves_brings_its_nudges_along_and_repeats_none() -> None:
    first = _default(_noor())
    sent = {each.key: each.due_at for each in first.due if each.recipient == "noor" and each.step == "letter"}
    after = _default(_noor(date(2026, 12, 16), sent=sent))
    assert _why(after, "letter") == ["already sent"]
    assert _due(after)["approval@c1"] == "2026-12-11 15:30"
    assert {each.key for each in first.due if each.step == "reminder"} == {
        each.key for each in after.due if each.step == "reminder"
    }


def test_the_receivers_clock_gives_the_hour_and_the_school_the_date() -> None:
    planned = _default(_noor(zone=ZoneInfo("Pacific/Apia")))
    reminder = next(each for each in planned.due if (each.step, each.recipient) == ("reminder", "noor"))
    assert (reminder.day, reminder.clock) == (date(2026, 12, 9), time(16))
    assert reminder.due_at == datetime(2026, 12, 9, 3, tzinfo=UTC)


def test_quiet_hours_of_ones_own_move_a_nudge_to_their_end() -> None:
    due = _due(_default(_noor(quiet=QuietHours(time(14), time(18)))))
    assert due["reminder@c1"] == "2026-12-09 18:00"


def test_what_prepares_a_conference_never_goes_once_it_has_begun() -> None:
    every_day = replace(CALENDAR, week=frozenset(range(7)), quiet=QuietHours(time(15), time(9)))
    at_nine, later = (_default(_noor(at=at), every_day) for at in (time(9), time(9, 1)))
    assert _why(at_nine, "reminder") == ["quiet hours until it expires"]
    assert _due(later)["reminder@c1"] == "2026-12-10 09:00"


def test_a_conference_on_the_day_the_clocks_change() -> None:
    term = Term("Quarter 1", date(2026, 9, 8), date(2026, 11, 8))
    sundays = Calendar(NEW_YORK, (term,), week=frozenset(range(7)), quiet=QuietHours(time(0), time(0)))
    change, summer = date(2026, 11, 1), datetime(2026, 9, 8, tzinfo=UTC)
    planned = _default(_noor(change, time(1, 30), since=summer), sundays, summer)
    reminder = next(each for each in planned.due if each.step == "reminder" and each.recipient == "noor")
    assert reminder.due_at == datetime(2026, 10, 31, 20, tzinfo=UTC)  # 16:00 by summer time
    assert reminder.expires_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30, the first time
    after = next(each for each in planned.due if each.step == "reflection")
    assert after.due_at == datetime(2026, 11, 2, 20, 30, tzinfo=UTC)  # 15:30 by winter time


def test_a_fortnight_before_a_conference_can_be_a_leap_day() -> None:
    term, now = Term("Spring", date(2028, 1, 10), date(2028, 3, 31)), datetime(2028, 1, 10, tzinfo=UTC)
    planned = _default(_noor(date(2028, 3, 14), since=now), Calendar(NEW_YORK, (term,)), now)
    assert _due(planned)["letter@c1"] == "2028-02-29 15:30"


def test_two_weeks_that_end_on_one_day_bring_one_nudge() -> None:
    long = Span(DayKind.BREAK, date(2026, 12, 17), date(2027, 1, 5), "Winter break")
    patient = parse_cadence(("h.toml", "[nudge.evidence]\nlasts = 30"))
    planned = plan(patient, replace(CALENDAR, spans=(long,)), [_noor()], START)
    due = [key for key, when in _due(planned).items() if key.startswith("evidence") and when.startswith("2027-01-06")]
    assert len(due) == 1
    assert _why(planned, "evidence").count("goes once that day") == 2


def test_a_step_sent_for_another_week_is_not_sent_twice_that_day() -> None:
    friday = datetime(2026, 11, 20, 14, tzinfo=UTC)
    planned = _default(_noor(sent={"evidence:noor:student:noor:2026-W46": friday}))
    assert _why(planned, "evidence")[:2] == ["already sent", "goes once that day"]


def test_at_the_minute_it_expires_it_is_too_late() -> None:
    letter = next(each for each in _default(_noor()).due if each.step == "letter")
    assert "letter@c1" in _due(_default(_noor(), now=letter.expires_at - timedelta(minutes=1)))
    assert _why(_default(_noor(), now=letter.expires_at), "letter") == ["too late"]


def test_what_goes_as_a_conference_begins_goes_by_the_schools_clock_that_day_or_not_at_all() -> None:
    held = (Conference("c1", date(2026, 12, 10), time(17, 30)), Conference("c2", date(2026, 12, 12), time(10)))
    channel = {Receiver.CHANNEL: (Recipient("noor", ZoneInfo("America/Los_Angeles")),)}
    planned = _default(Anchor("noor", START, channel, conferences=held))
    (begins,) = [each for each in planned.due if each.step == "begins"]
    assert begins.due_at == datetime(2026, 12, 10, 22, 30, tzinfo=UTC)
    assert _why(planned, "begins") == ["closed"]  # a Saturday


def test_digests_are_about_the_group_and_the_school() -> None:
    okafor = {Receiver.ADVISOR: (Recipient("okafor", NEW_YORK),)}
    held = (Conference("c1", date(2026, 12, 10)), Conference("c2", date(2026, 12, 10)))
    planned = _default(Anchor("group-okafor", START, okafor, About.GROUP, held))
    assert [each.step for each in planned.due].count("digest_before") == 1
    assert _due(planned, "okafor")["advisor_digest@2026-W47"] == "2026-11-16 07:30"
    assert {each.receiver for each in planned.due} == {Receiver.ADVISOR}


def test_between_terms_the_next_one_is_planned() -> None:
    planned = _default(_noor(), now=datetime(2026, 10, 1, tzinfo=UTC))
    assert "evidence@2026-W47" in _due(planned)
    two = replace(CALENDAR, terms=(QUARTER_2, Term("Quarter 3", date(2027, 2, 1), date(2027, 3, 31))))
    late = _default(_noor(), two, datetime(2027, 1, 30, 4, tzinfo=UTC))  # 29 January at the school
    assert "evidence@2027-W04" in _due(late)
    over = _default(Anchor("x", START, _noor().recipients), now=datetime(2027, 6, 1, tzinfo=UTC))
    assert over == Occurrences((), ())


def test_a_week_is_named_after_its_thursdays_year() -> None:
    assert [week_of(date(2026, 12, 31)), week_of(date(2027, 1, 3)), week_of(date(2027, 1, 4))] == [
        "2026-W53",
        "2026-W53",
        "2027-W01",
    ]


def test_the_page_shows_each_week_and_why_a_nudge_is_missing() -> None:
    sent = {"check_in:noor:student:noor:2026-W46": datetime(2026, 11, 11, 20, 30, tzinfo=UTC)}
    recipients = {Receiver.STUDENT: (Recipient("noor", NEW_YORK, sent=sent),)}
    short = replace(CALENDAR, terms=(Term("Quarter 2", date(2026, 11, 9), date(2026, 12, 1)),))
    held = (Conference("c1", date(2026, 11, 30)),)
    anchor = Anchor("noor", START, recipients, conferences=held, holds=frozenset({"met"}))
    assert calendar_text(_default(anchor, short)).splitlines()[:13] == [
        "Week of 9 November 2026",
        "  Wed 11 Nov    –    student  noor  hello            not sent: not needed: done",
        "                ✓    student  noor  check_in         already sent",
        "  Fri 13 Nov  14:30  student  noor  evidence",
        "",
        "Week of 16 November 2026",
        "  Mon 16 Nov  15:30  student  noor  letter",
        "  Wed 18 Nov    –    student  noor  check_in         "
        "not sent: limit (3 a week: approval, choose_evidence, letter)",
        "  Fri 20 Nov    –    student  noor  evidence         "
        "not sent: limit (3 a week: approval, choose_evidence, letter)",
        "                –    student  noor  rehearsal_2      "
        "not sent: limit (3 a week: approval, choose_evidence, letter)",
        "              15:30  student  noor  approval",
        "              15:30  student  noor  choose_evidence",
        "",
    ]
    assert calendar_text(Occurrences((), ())) == "Nothing is planned.\n"
