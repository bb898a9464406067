from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conference.agenda import compile_agenda
from bot.conference.answers import Revision, Setting, Spot, fold
from bot.conference.approval import approval_items, approved_agenda, needs_approval
from bot.dialogue.flow import Visibility
from tests.conference.said import FLOWS, said, spot

BEST, LEARNER = Spot("strengths", "best_at"), Spot("letter", "learner")
BEFORE = [
    said(1, "strengths.best_at", "I measured"),
    said(2, "strengths.best_at", "all of it"),
    said(3, "letter.learner", "I try"),
]


def approve(revisions: list[Revision], decided: dict[Spot, Setting] | None = None) -> list[dict[str, Any]]:
    return approval_items(compile_agenda(fold(revisions), decided or {}, FLOWS, 20))


def posted(revisions: list[Revision], decided: dict[Spot, Setting] | None = None) -> list[str]:
    """What is on the agenda that was approved with BEFORE."""
    agenda = approved_agenda(approve(BEFORE), revisions, decided or {}, FLOWS, 20)
    return [line.words for line in agenda.lines]


def asks_again(revisions: list[Revision], decided: dict[Spot, Setting] | None = None, opening: str = "") -> bool:
    return needs_approval(approve(BEFORE), "", revisions, decided or {}, FLOWS, 20, opening)


def edit(number: int, place: str, at: int, text: str = "", act: str = "edited", alarm: str = "") -> Revision:
    return said(number, place, text, at=at, edited_at=number, act=act, alarm=alarm)


@pytest.mark.parametrize(
    ("since", "decided", "shown", "again"),
    [
        ([], {}, ["I try", "I measured\nall of it"], False),
        # Other words wait for another approval; until then what was approved stands.
        ([edit(9, "letter.learner", 3, "I try hard")], {}, ["I try", "I measured\nall of it"], True),
        ([said(9, "letter.learner", "and ask")], {}, ["I try", "I measured\nall of it"], True),
        ([said(9, "gratitude.thanks", "Thanks, Theo")], {}, ["I try", "I measured\nall of it"], True),
        (
            [edit(8, "letter.learner", 3, act="replaced"), said(9, "letter.learner", "I watch")],
            {},
            ["I try", "I measured\nall of it"],
            True,
        ),
        # Less needs no approval.
        ([edit(9, "letter.learner", 3, act="withdrawn")], {}, ["I measured\nall of it"], False),
        ([edit(9, "strengths.best_at", 2, act="withdrawn")], {}, ["I try", "I measured"], False),
        ([], {LEARNER: Setting(visible=Visibility.ADVISOR)}, ["I measured\nall of it"], False),
        ([], {LEARNER: Setting(held_reason="let's talk first")}, ["I measured\nall of it"], False),
        ([], {LEARNER: Setting(develop="blame")}, ["I measured\nall of it"], False),
        ([edit(8, "letter.learner", 3, act="replaced")], {}, ["I measured\nall of it"], False),
        # A flag takes the answer off, whatever was approved.
        ([edit(9, "letter.learner", 3, "secret", alarm="look")], {}, ["I measured\nall of it"], False),
        ([said(9, "letter.learner", "secret", alarm="explicit")], {}, ["I measured\nall of it"], False),
        (
            [said(8, "letter.learner", "secret", alarm="explicit"), said(9, "letter.learner", "I ask")],
            {},
            ["I measured\nall of it"],
            True,
        ),
    ],
)  # fmt: skip
def test_after_approval_less_may_be_shown_but_nothing_else(
    since: list[Revision], decided: dict[Spot, Setting], shown: list[str], again: bool
) -> None:
    assert posted([*BEFORE, *since], decided) == shown
    assert asks_again([*BEFORE, *since], decided) is again


def test_another_order_needs_another_approval() -> None:
    assert asks_again(BEFORE, opening="goals")


def test_a_line_put_on_after_approval_waits_for_the_next() -> None:
    private = said(5, "strengths.private", "my diary")
    before = [*BEFORE, private]
    items = approve(before)
    decided = {private.spot: Setting(visible=Visibility.CONFERENCE)}
    assert needs_approval(items, "", before, decided, FLOWS, 20)
    agenda = approved_agenda(items, before, decided, FLOWS, 20)
    assert "my diary" not in [line.words for line in agenda.lines]


def test_an_approval_holds_no_words() -> None:
    assert approve(BEFORE) == [
        {"flow": "letter", "question": "learner", "round": 1, "revisions": [3]},
        {"flow": "strengths", "question": "best_at", "round": 1, "revisions": [1, 2]},
    ]


def test_without_an_approval_nothing_is_shown() -> None:
    assert list(approved_agenda([], BEFORE, {}, FLOWS, 20).lines) == []


PLACES = (
    "letter.learner",
    "strengths.best_at",
    "strengths.private",
    "goals.wish",
    "supports.how",
    "struggles.ideas_on",
)


@st.composite
def talks(draw: st.DrawFn) -> list[Revision]:
    talk = []
    for number in range(1, draw(st.integers(1, 14)) + 1):
        place = draw(st.sampled_from(PLACES))
        act = draw(st.sampled_from(["said", "said", "edited", "withdrawn", "replaced", "aside"]))
        at = number if act == "said" else draw(st.integers(1, number))
        alarm = draw(st.sampled_from(["", "", "", "", "look", "explicit"]))
        talk.append(said(number, place, f"[{number}]", at=at, edited_at=number, act=act, alarm=alarm))
    return talk


decisions = st.dictionaries(
    st.sampled_from([spot(place) for place in PLACES]),
    st.builds(
        Setting,
        visible=st.sampled_from([None, *Visibility]),
        develop=st.sampled_from(["", "blame"]),
        held_reason=st.sampled_from(["", "talk first"]),
    ),
)


@given(talks(), st.integers(0, 14), decisions, decisions)
@settings(max_examples=400, deadline=None)
def test_whatever_happens_only_approved_words_that_may_still_be_seen_are_posted(
    talk: list[Revision], moment: int, then: dict[Spot, Setting], now: dict[Spot, Setting]
) -> None:
    approved = compile_agenda(fold(talk[:moment]), then, FLOWS, 20)
    items = approval_items(approved)
    agenda = approved_agenda(items, talk, now, FLOWS, 20)
    before = {line.spot: set(line.words.split("\n")) for line in approved.lines}
    gone = {(one.spot, one.ts) for one in talk if one.alarm or one.act == "withdrawn"}
    messages = {one.text: (one.spot, one.ts) for one in talk}
    for line in agenda.lines:
        said_before = set(line.words.split("\n"))
        assert said_before <= before[line.spot]
        assert not any(messages[part] in gone for part in said_before)
        setting = now.get(line.spot, Setting())
        assert not setting.held_reason
        assert setting.visible in (None, Visibility.CONFERENCE)
        assert setting.visible or setting.develop != "blame"


@given(talks(), decisions)
@settings(max_examples=200, deadline=None)
def test_what_was_just_approved_is_posted_whole_and_needs_no_approval(
    talk: list[Revision], decided: dict[Spot, Setting]
) -> None:
    current = compile_agenda(fold(talk), decided, FLOWS, 20)
    items = approval_items(current)
    assert approved_agenda(items, talk, decided, FLOWS, 20) == current
    assert not needs_approval(items, "", talk, decided, FLOWS, 20)
