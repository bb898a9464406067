from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.state import EARLY_CHANGES, PROMPTS, Act, Early, Left, Part, Prompt, Reply, Spot, State, Work
from tests.dialogue.talk import PHOTO, stamp
from tests.naughty import naughty_texts

stamps = st.integers(1, 99).map(stamp)
parts = st.builds(
    Part,
    ts=stamps,
    text=naughty_texts,
    revised=stamps,
    act=st.sampled_from([Act.SAID, Act.ASIDE, Act.VAGUE, Act.CHOSEN]),
    works=st.sampled_from([(), (PHOTO,), (Work("link", "", "https://x.example", "https://x.example"), PHOTO)]),
    choices=st.sampled_from([(), ("yes",), ("red", "blue")]),
    edits=st.lists(stamps, max_size=2).map(tuple),
    gone=st.sampled_from(["", "withdrawn", "replaced"]),
    alarmed=st.one_of(st.just(""), stamps),
    unheard=st.booleans(),
)
replies = st.builds(
    Reply,
    parts=st.lists(parts, max_size=3),
    probes=st.integers(0, 2),
    met=st.integers(0, 2),
    rule=st.sampled_from(["", "label"]),
    thin=st.sampled_from(["", "blame"]),
    closed=st.booleans(),
    reopened=st.booleans(),
)
spots = st.builds(Spot, st.sampled_from(["wish", "another", "best_at"]), st.integers(1, 3))
keys = spots.map(Spot.key)
states = st.builds(
    State,
    spot=st.one_of(st.none(), spots),
    asked=st.lists(st.builds(Prompt, keys, stamps, st.integers(0, 2)), max_size=3),
    prompt=st.integers(0, 99),
    replies=st.dictionaries(keys, replies, max_size=3),
    trail=st.lists(keys, max_size=3, unique=True),
    labels=st.lists(naughty_texts, max_size=3).map(tuple),
    carried=st.dictionaries(keys, naughty_texts, max_size=2),
    early=st.lists(st.builds(Early, stamps, stamps, st.one_of(st.none(), naughty_texts)), max_size=2),
    left=st.one_of(st.none(), st.builds(Left, keys, st.one_of(st.none(), st.just(""), keys))),
    detour=st.one_of(st.none(), st.just(""), keys),
    held=st.sampled_from(["", "look"]),
    done=st.booleans(),
)


@given(states)
def test_a_state_comes_back_from_json_as_it_was(state: State) -> None:
    assert State.from_json(state.to_json()) == state


@given(states)
def test_a_copy_is_the_same_and_has_replies_of_its_own(state: State) -> None:
    copy = state.copy()
    assert copy == state
    before = state.to_json()
    copy.reply(Spot("wish")).parts.append(Part(stamp(1), "more", stamp(1)))
    copy.trail.append("wish#9")
    copy.remember(Early(stamp(1), stamp(500), None))
    copy.turn_to(Spot("best_at"), stamp(2))
    assert state.to_json() == before


def test_a_state_of_another_version_is_refused() -> None:
    other = json.dumps({**json.loads(State().to_json()), "v": 99})
    with pytest.raises(ValueError, match="version 99"):
        State.from_json(other)


@pytest.mark.parametrize("key", ["", "wish", "wish#", "wish#two"])
def test_what_is_no_key_is_no_spot(key: str) -> None:
    with pytest.raises(ValueError, match="int"):
        Spot.parse(key)


def test_only_so_many_early_changes_and_prompts_are_remembered_the_latest() -> None:
    state = State()
    for number in range(EARLY_CHANGES + 5):
        state.remember(Early(stamp(number), stamp(number + 1), "text"))
        state.turn_to(Spot("wish"), stamp(number))
    assert [change.ts for change in state.early] == [stamp(number) for number in range(5, EARLY_CHANGES + 5)]
    assert len(state.asked) == PROMPTS
    assert state.asked[-1].shown == stamp(EARLY_CHANGES + 4)


def test_early_changes_come_back_in_the_order_they_were_made_and_once() -> None:
    state = State()
    for revised, text in ((3, "three"), (2, "two"), (3, "three")):
        state.remember(Early(stamp(1), stamp(revised), text))
    assert [change.text for change in state.remembered(stamp(1))] == ["two", "three"]
    assert state.remembered(stamp(1)) == []


def said(second: int, text: str, act: Act = Act.SAID, **more: Any) -> Part:
    return Part(stamp(second), text, stamp(second), act)._replace(**more)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([said(2, "two"), said(1, "one")], "one\ntwo"),
        ([said(1, "idk", Act.ASIDE), said(2, "two")], "two"),
        ([said(1, "be better", Act.VAGUE)], "be better"),
        ([said(1, "be better", Act.VAGUE), said(2, "two")], "two"),
        ([said(1, "one"), said(2, "be better", Act.VAGUE)], "one"),
        ([said(1, "one"), said(2, "two", choices=("b",)), said(3, "three")], "two\nthree"),
        ([said(1, "one", gone="withdrawn"), said(2, "two")], "two"),
        ([said(1, "one"), said(2, "flagged", alarmed=stamp(2)), said(3, "three")], "three"),
        ([said(1, "one", alarmed=stamp(4)), said(3, "three")], ""),
        ([said(1, "one"), said(2, "flagged", alarmed=stamp(2), gone="withdrawn")], ""),
    ],
)
def test_what_stands_as_the_answer(parts: list[Part], text: str) -> None:
    assert Reply(parts).text() == text
