from __future__ import annotations

from bot.school import doubts
from tests.school.folders import CHARTER, CONFERENCES, ROSTER, ics, school


def test_a_school_in_order_leaves_no_doubt() -> None:
    assert list(doubts(school())) == []


def test_conferences_on_closed_days_are_told_by_day_with_what_it_is() -> None:
    meetings = CONFERENCES.replace("2026-12-11", "2026-12-12")
    (line,) = doubts(school(conferences=meetings, calendar=ics("20261210/20261211 Snow day")))
    assert "Thu 2026-12-10 (closed, “Snow day”): 1; Sat 2026-12-12 (weekend): 1. " in line


def test_a_home_that_is_written_in_two_ways_is_told() -> None:
    roster = (
        ROSTER.replace(",slack_id\n", ",slack_id,household\n")
        .replace("noor,es,\n", "noor,es,,Elm Street\nyusuf,family,Yusuf Haddad,,,,noor,,,elm street\n")
        .replace("theo,,\n", "theo,,,Elm Street\n")
    )
    assert list(doubts(school(roster=roster))) == [
        "noor has the households “Elm Street” and “elm street”. "
        "If they are one home, write it the same way in roster.csv."
    ]


def test_a_term_without_a_school_day_is_told() -> None:
    found = list(doubts(school(CHARTER, calendar=ics("20270101/20270401 Winter break"))))
    assert [line.split(",")[0] for line in found] == ["Winter 2027 has no open school day"]
