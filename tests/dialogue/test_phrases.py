"""Folding, ways to write a phrase, and which of several phrases in a text count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.phrases import Phrases, expand, fold, missing_lists, misspellings


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I'm SO done!!", "im so done"),
        ("¡Sííí, mañana!", "si manana"),
        ("don’t", "dont"),
        ("kil\u200bl", "kil"),
        ("3/5", "3 5"),
        ("11", "11"),
        ("snake_case", "snake case"),
        ("🙂", ""),
        ("ｍａｔｈ", "math"),
    ],
)
def test_folding_leaves_bare_words(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_phrase_is_every_way_to_say_it() -> None:
    ways = {" ".join(words) for words in expand("i|we so? like @food # of_the", {"food": ["pie", "hot|cold soup"]})}
    assert len(ways) == 12
    assert {"i like pie # of the", "we so like cold soup # of the"} <= ways


def test_lists_that_are_not_there_are_named_once() -> None:
    assert missing_lists(["a @b", "@c @b"], {"d": ["@e"]}) == ["b", "c", "e"]


def test_a_phrase_inside_a_longer_one_does_not_count_and_an_overlapping_one_does() -> None:
    phrases = Phrases()
    phrases.add("short", ["b c", "c d e"], {})
    phrases.add("long", ["a b c"], {})
    assert list(phrases.found(["x", "a", "b", "c", "d", "e"])) == [(1, 4, "long"), (3, 6, "short")]
    assert phrases.without(["x", "a", "b", "c", "d", "e", "y"]) == ["x", "y"]


def test_a_text_is_covered_only_by_whole_phrases_with_one_that_is_needed() -> None:
    phrases = Phrases()
    phrases.add("needed", ["math", "social studies"], {})
    phrases.add("around", ["my", "my turn"], {})
    assert phrases.covers(["my", "math"], "needed")
    assert phrases.covers(["my", "turn", "social", "studies"], "needed")
    assert not phrases.covers(["my", "turn"], "needed")
    assert not phrases.covers(["my", "social", "math"], "needed")
    assert not phrases.covers([], "needed")


def test_misspellings_keep_the_first_letter_and_leave_short_words_alone() -> None:
    assert set(misspellings("math")) == {"mtah", "maht"}
    assert "scence" in set(misspellings("science"))
    assert all(wrong.startswith("s") for wrong in misspellings("science"))
    assert list(misspellings("pe")) == []
