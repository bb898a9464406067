from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conference.answers import Given, Revision, Spot, fold, taken_back
from bot.dialogue.state import Work
from tests.conference.said import said, stamp

PLACE = "strengths.best_at"
SPOT = Spot("strengths", "best_at")
PHOTO = {"kind": "photo", "title": "timeline", "ref": "F1", "link": "https://files.test/F1"}


def answer(*revisions: Revision) -> Given | None:
    return fold(revisions).get(SPOT)


@pytest.mark.parametrize(
    ("revisions", "text"),
    [
        ([said(1, PLACE, "science")], "science"),
        ([said(1, PLACE, "we built it"), said(2, PLACE, "i measured it")], "we built it\ni measured it"),
        ([said(1, PLACE, "sience"), said(2, PLACE, "science", at=1, edited_at=2, act="edited")], "science"),
        (
            [
                said(1, PLACE, "a"),
                said(3, PLACE, "c", at=1, edited_at=3, act="edited"),
                said(2, PLACE, "b", at=1, edited_at=2, act="edited"),
            ],
            "c",
        ),
        ([said(2, PLACE, "the edit came alone", at=1, edited_at=2, act="edited")], "the edit came alone"),
        ([said(1, PLACE, "idk", act="aside"), said(2, PLACE, "i measured it")], "i measured it"),
        ([said(1, PLACE, "first"), said(2, PLACE, at=1, act="replaced"), said(3, PLACE, "second")], "second"),
        (
            [
                said(1, PLACE, "first"),
                said(2, PLACE, at=1, act="replaced"),
                said(3, PLACE, "second"),
                said(4, PLACE, "first, mended", at=1, edited_at=4, act="edited"),
            ],
            "second",
        ),
        (
            [said(1, PLACE, "not sure"), said(2, PLACE, "Getting started", act="chosen", choices="starting")],
            "Getting started",
        ),
        (
            [
                said(1, PLACE, "Staying", act="chosen", choices="staying"),
                said(2, PLACE, "Starting", act="chosen", choices="starting"),
                said(3, PLACE, "mostly at home"),
            ],
            "Starting\nmostly at home",
        ),
    ],
)
def test_an_answer_reads_as_the_student_left_it(revisions: list[Revision], text: str) -> None:
    found = answer(*revisions)
    assert found is not None
    assert found.text == text


def test_a_withdrawn_message_is_gone_and_so_is_an_answer_without_messages() -> None:
    first, second = said(1, PLACE, "one"), said(2, PLACE, "two")
    gone = said(3, PLACE, at=1, edited_at=3, act="withdrawn")
    rest = answer(first, second, gone)
    assert rest is not None
    assert (rest.text, rest.revisions) == ("two", (2,))
    assert answer(first, gone) is None


def test_an_edit_that_arrives_after_the_withdrawal_brings_nothing_back() -> None:
    gone = said(2, PLACE, at=1, edited_at=2, act="withdrawn")
    assert answer(said(1, PLACE, "one"), gone, said(3, PLACE, "one!", at=1, edited_at=3, act="edited")) is None


def test_pieces_of_work_come_in_the_order_they_were_shown() -> None:
    later = {**PHOTO, "title": "notebook", "ref": "F2"}
    found = answer(said(2, PLACE, evidence=[later]), said(1, PLACE, "look", evidence=[PHOTO]))
    assert found is not None
    assert found.evidence == (Work(**PHOTO), Work(**later))


def test_choices_are_option_ids() -> None:
    found = answer(said(1, PLACE, "A, B", act="chosen", choices="a b"))
    assert found is not None
    assert found.choices == ("a", "b")


@pytest.mark.parametrize("level", ["look", "explicit"])
def test_flagged_words_are_not_in_the_answer(level: str) -> None:
    assert answer(said(1, PLACE, "secret", alarm=level)) == Given(*SPOT, alarm=level)


def test_what_was_written_before_an_alarm_does_not_count_and_what_came_after_does() -> None:
    before, alarm, after = said(1, PLACE, "before"), said(2, PLACE, "secret", alarm="look"), said(3, PLACE, "science")
    found = answer(before, alarm, after)
    assert found == Given(*SPOT, text="science", revisions=(3,))
    assert answer(before, alarm) == Given(*SPOT, alarm="look")


def test_an_edit_that_alarms_takes_all_that_was_written_until_then() -> None:
    alarm = said(3, PLACE, "secret", at=1, edited_at=5, act="edited", alarm="explicit")
    assert answer(said(1, PLACE, "one"), said(2, PLACE, "two"), alarm) == Given(*SPOT, alarm="explicit")


def test_withdrawn_flagged_and_earlier_revisions_are_taken_back_but_edited_and_replaced_ones_are_not() -> None:
    revisions = [
        said(1, PLACE, "before the alarm"),
        said(2, PLACE, "secret", alarm="look"),
        said(3, PLACE, "withdrawn"),
        said(4, PLACE, at=3, edited_at=9, act="withdrawn"),
        said(5, PLACE, "edited"),
        said(6, PLACE, "edited!", at=5, edited_at=8, act="edited"),
        said(7, PLACE, "replaced"),
        said(8, PLACE, at=7, act="replaced"),
    ]
    assert taken_back(revisions) == {1, 2, 3, 4}


ACTS = ("said", "edited", "aside", "withdrawn", "replaced", "chosen")


@st.composite
def histories(draw: st.DrawFn) -> list[Revision]:
    count = draw(st.integers(1, 12))
    return [
        Revision(
            id=number,
            flow="strengths",
            question=draw(st.sampled_from(["best_at", "evidence"])),
            round=draw(st.integers(1, 2)),
            ts=(ts := stamp(draw(st.integers(1, 4)))),
            revised=max(ts, stamp(draw(st.integers(1, 9)))),
            act=draw(st.sampled_from(ACTS)),
            text=f"words {number};",
            choices=draw(st.sampled_from(["", "", "a", "a b"])),
            alarm=draw(st.sampled_from(["", "", "", "look", "explicit"])),
        )
        for number in range(1, count + 1)
    ]


@given(histories(), st.randoms())
@settings(max_examples=300)
def test_neither_order_of_arrival_nor_repetition_changes_the_answers(history: list[Revision], random: object) -> None:
    shuffled = [*history, *history[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(history)
    assert taken_back(shuffled) == taken_back(history)


@given(histories())
@settings(max_examples=300)
def test_no_flagged_withdrawn_replaced_or_aside_message_is_in_an_answer(history: list[Revision]) -> None:
    for spot, found in fold(history).items():
        messages = {one.ts: [other for other in history if (other.spot, other.ts) == (spot, one.ts)] for one in history}
        for one in (one for one in history if one.spot == spot):
            gone = any(other.alarm or other.act in ("withdrawn", "replaced") for other in messages[one.ts])
            if gone or one.act == "aside":
                assert one.text not in found.text
                assert one.id not in found.revisions
        assert not (found.alarm and found.text)
