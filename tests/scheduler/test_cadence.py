"""The cadence file: the product's defaults, a school's own laid over them, and what is said of its faults."""

from __future__ import annotations

from datetime import date, time

import pytest

from scheduler.cadence import Cadence, CadenceError, Nudge, Receiver, parse_cadence

THURSDAY = date(2026, 12, 10)


def _nudge(cadence: Cadence, name: str) -> Nudge:
    return next(nudge for nudge in cadence.nudges if nudge.name == name)


def _problems(*overlays: tuple[str, str]) -> tuple[str, ...]:
    with pytest.raises(CadenceError) as raised:
        parse_cadence(*overlays)
    return raised.value.problems


def test_the_defaults_are_the_quarter_the_product_describes() -> None:
    found = {(nudge.name, nudge.when, receiver.value) for nudge in parse_cadence().nudges for receiver in nudge.to}
    assert found >= {
        ("hello", "term+2 school days", "student"),
        ("evidence", "weekly friday", "student"),
        ("check_in", "weekly wednesday", "student"),
        ("advisor_digest", "weekly monday", "advisor"),
        ("coordinator_digest", "weekly monday", "coordinator"),
        ("letter", "T-14", "student"),
        ("family_welcome", "T-14", "channel"),
        ("choose_evidence", "T-10", "student"),
        ("next_step", "T-7", "student"),
        ("rehearsal_1", "T-7", "student"),
        ("digest_before", "T-5 school days", "advisor"),
        ("approval", "T-3 school days", "student"),
        ("rehearsal_2", "T-3 school days", "student"),
        ("agenda", "T-2 school days", "channel"),
        ("reminder", "T-1 school days", "student"),
        ("lead", "T+0 school days", "student"),
        ("reflection", "T+1 school days", "student"),
        ("begins", "T+0", "channel"),
        ("saw", "T+1 school days", "family"),
        ("commitments_1", "T+7", "adults"),
        ("commitments_2", "T+21", "student"),
    }


@pytest.mark.parametrize(
    ("receiver", "day", "most"),
    [
        (Receiver.STUDENT, date(2026, 11, 20), 2),
        (Receiver.STUDENT, date(2026, 11, 26), 3),  # T-14
        (Receiver.STUDENT, date(2026, 11, 25), 2),  # T-15
        (Receiver.STUDENT, date(2026, 12, 11), 3),  # the day after, in the week of the conference
        (Receiver.STUDENT, date(2026, 12, 14), 2),
        (Receiver.FAMILY, date(2026, 12, 4), 1),
        (Receiver.FAMILY, date(2026, 12, 7), 3),
        (Receiver.ADULTS, date(2026, 12, 7), None),
    ],
)
def test_the_limits_are_the_products(receiver: Receiver, day: date, most: int | None) -> None:
    assert parse_cadence().limits[receiver].on(day, [THURSDAY]) == most


def test_two_unanswered_are_enough() -> None:
    limits = parse_cadence().limits
    assert {limits[receiver].unanswered for receiver in (Receiver.STUDENT, Receiver.FAMILY)} == {2}


def test_a_schools_file_changes_only_what_it_holds() -> None:
    ours = '[nudge.letter]\nat = "16:15"\n[nudge.choose_evidence]\noff = true\n[limits.student]\nper_week = 1\n'
    cadence, default = parse_cadence(("hillside.toml", ours)), parse_cadence()
    assert _nudge(cadence, "letter") == _nudge(default, "letter").model_copy(update={"at": time(16, 15)})
    assert {n.name for n in default.nudges} - {n.name for n in cadence.nudges} == {"choose_evidence"}
    assert cadence.limits[Receiver.STUDENT].near == default.limits[Receiver.STUDENT].near
    assert cadence.limits[Receiver.STUDENT].per_week == 1


def test_a_schools_file_adds_a_nudge() -> None:
    ours = (
        '[nudge.welcome]\nto = ["student", "family"]\nanchor = "term"\nschool_days = 2\nat = 09:00:00\nmessage = "hi"'
    )
    added = parse_cadence(("hillside.toml", ours)).nudges[-1]
    assert (added.name, added.when, added.at) == ("welcome", "term+2 school days", time(9))


def test_a_nudge_can_be_counted_in_another_way() -> None:
    ours = "[nudge.letter]\nschool_days = -8"
    assert _nudge(parse_cadence(("hillside.toml", ours)), "letter").when == "T-8 school days"


def test_a_later_file_brings_back_what_an_earlier_one_took_out() -> None:
    out, back = ("a.toml", "[nudge.choose_evidence]\noff = true"), ("b.toml", "[nudge.choose_evidence]\noff = false")
    assert parse_cadence(out, back) == parse_cadence()


def test_every_problem_is_named_with_its_file_and_remedy() -> None:
    ours = """
        [nudge.letter]
        at = "25:00"
        too = 1
        [nudge.evidence]
        weekday = "fryday"
        [nudge.check_in]
        at = "conference"
        [nudge.new]
        to = "studnt"
        anchor = "conference"
        days = -3
        school_days = -3
        at = "15:30"
        [nudge.before]
        to = "student"
        anchor = "term"
        days = -3
        at = "15:30"
        message = "before"
        [limits.famly]
        per_week = 1
        [limits.family]
        near = { days = 3 }
    """
    problems = "\n".join(_problems(("hillside.toml", ours)))
    for said in (
        'hillside.toml, nudge.letter.at: “25:00” is not a time of day. Write at = "15:30".',
        "hillside.toml, nudge.letter.too: is not known here. Take it out, or rename it. Is “to” meant?",
        "hillside.toml, nudge.evidence.weekday: Input should be 'monday'",
        "hillside.toml, nudge.check_in: at = “conference” goes with anchor = “conference”",
        "hillside.toml, nudge.new.to.1: Input should be 'student'",
        "hillside.toml, nudge.new.message: is missing. Write the name of a message",
        "hillside.toml, nudge.before: before the term there is no school day: count from 0 up.",
        "hillside.toml, limits.famly: Input should be 'student'",
        "hillside.toml, limits.family.near.per_week: is missing. Write how many a week.",
    ):
        assert said in problems


def test_a_day_is_named_in_one_way() -> None:
    ours = "[nudge.letter]\ndays = -3\nschool_days = -3\n[nudge.evidence]\ndays = 3"
    assert [problem.split(":")[0] for problem in _problems(("h.toml", ours))] == [
        "h.toml, nudge.evidence",
        "h.toml, nudge.letter",
    ]


def test_what_cannot_be_laid_over_is_named_in_every_file() -> None:
    torn, odd = ("torn.toml", "x = ["), ("odd.toml", 'a = 1\nlimits = 2\n[nudge."A b"]\nx = 1\n[nudge.ok]\nname = "k"')
    assert [problem.partition(":")[0] for problem in _problems(torn, odd)] == [
        "torn.toml",
        "odd.toml, a",
        "odd.toml, limits",
        "odd.toml, nudge.A b",
        "odd.toml, nudge.ok.name",
    ]
