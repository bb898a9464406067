from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.options import match
from tests.naughty import naughty_texts

MOMENTS = {
    "starting": "Getting started",
    "staying": "Staying with it",
    "understanding": "Understanding it",
    "else": "Something else",
}
SPANISH = {"historia": "Historia", "ingles": "Inglés y francés", "mates": "Matemáticas"}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Getting started", ("starting",)),
        ("  getting STARTED!! ", ("starting",)),
        ("gett", ("starting",)),
        ("2", ("staying",)),
        ("4.", ("else",)),
        ("1, 3", ("starting", "understanding")),
        ("staying with it and getting started", ("starting", "staying")),
        ("2 / 1\n4", ("starting", "staying", "else")),
        ("s", ()),
        ("st", ()),
        ("it", ()),
        ("0", ()),
        ("5", ()),
        ("1, and the bus", ()),
        ("", ()),
        (" , ", ()),
        ("9" * 5000, ()),
        ("²", ("staying",)),
    ],
)
def test_words_name_options_by_number_label_or_its_beginning(typed: str, found: tuple[str, ...]) -> None:
    assert match(typed, MOMENTS) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ingles y frances", ("ingles",)),
        ("MATEMATICAS", ("mates",)),
        ("historia e inglés", ("historia", "ingles")),
        ("mate", ("mates",)),
    ],
)
def test_accents_do_not_matter_and_a_label_may_hold_an_and(typed: str, found: tuple[str, ...]) -> None:
    assert match(typed, SPANISH) == found


def test_the_beginning_of_two_labels_names_neither() -> None:
    assert match("stay", {"with": "Staying with it", "up": "Staying up"}) == ()


@given(naughty_texts)
def test_any_words_name_options_that_are_there_or_none(typed: str) -> None:
    assert set(match(typed, MOMENTS)) <= set(MOMENTS)


@given(st.sampled_from(list(MOMENTS)))
def test_every_label_names_its_option(option: str) -> None:
    assert match(MOMENTS[option], MOMENTS) == (option,)
