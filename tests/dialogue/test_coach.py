"""What the coach makes of whole messages, how it asks for more, and what it says of a lexicon it cannot use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.dialogue.coach import Coach, Control, Lexicon, Rule
from bot.dialogue.flow import Band
from bot.errors import FlowError
from tests.dialogue.words import LANGUAGES, coach, lexicon, packaged, table

NONE = "none"
# Praise of the person, and ways to turn an answer down.
NEVER_SAID = re.compile(
    r"\b(smart|talented|brilliant|genius|gifted|awesome|amazing|perfect|too short|invalid|incorrect|please provide"
    r"|inteligente|talentos\w+|brillante|geni[oa]|increíble|perfect\w+|incorrect\w+|demasiado cort\w+|inválid\w+)\b",
    re.IGNORECASE,
)


def _probes() -> list[tuple[str, Rule, Band]]:
    return [(language, rule, band) for language in LANGUAGES for rule in Rule for band in Band]


@pytest.mark.parametrize(("language", "rule", "band"), _probes())
def test_a_probe_is_one_short_question_that_neither_praises_nor_rejects(language: str, rule: Rule, band: Band) -> None:
    ask = coach(language).probe(rule).ask[band]
    assert ask.count("?") == 1
    assert len(ask) <= 160
    assert "!" not in ask
    assert NEVER_SAID.search(ask) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_an_empty_answer_is_met_with_three_starters_to_tap(language: str) -> None:
    with_starters = {
        rule: len(coach(language).probe(rule).starters) for rule in Rule if coach(language).probe(rule).starters
    }
    assert with_starters == {Rule.EMPTY: 3}


def test_a_probe_is_worded_in_the_language_of_the_conversation() -> None:
    assert coach("es").judge("math", ["label"]).rule == "label"
    assert coach("es").probe("label").ask[Band.MIDDLE].startswith("Si me hubiera")


def test_a_lexicon_alone_understands_only_its_own_language() -> None:
    assert lexicon("en").judge("no sé", ["empty"]).rule is None
    assert lexicon("es").judge("no sé", ["empty"]).rule == "empty"


def test_the_first_rule_of_the_question_that_matches_is_the_one() -> None:
    assert coach("en").judge("nothing im dumb", ["harsh", "everything"]).rule == "harsh"
    assert coach("en").judge("study more to get an A", ["grade", "study_more"]).rule is None
    assert coach("en").judge("pass", ["grade", "empty"]).rule == "grade"
    assert coach("en").judge("pass", ["empty", "grade"]).rule == "empty"


def test_an_answer_is_judged_only_by_the_rules_of_its_question() -> None:
    assert coach("en").judge("math", ["vague_goal"]).rule is None
    assert coach("en").judge("idk", []).rule is None


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="grumpy"):
        coach("en").judge("math", ["grumpy"])


def test_a_link_counts_as_evidence_but_not_as_a_word_about_it() -> None:
    assert coach("en").judge("https://example.org/essay", ["empty"]).rule is None
    assert coach("en").judge("https://example.org/because-i-can", ["evidence_bare"]).rule == "evidence_bare"


def test_a_very_long_answer_is_good_enough() -> None:
    assert coach("en").judge("math " * 1_000 + "because i see the pattern first", list(Rule)).rule is None


def _messages(kind: str) -> list[tuple[str, str]]:
    return [(meant, said) for meant, messages in table("messages.toml")[kind].items() for said in messages]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("meant", "said"), _messages("control"))
def test_a_control_is_a_whole_message_in_either_language(language: str, meant: str, said: str) -> None:
    assert (coach(language).control(said) or NONE) == meant


def test_the_table_shows_every_control() -> None:
    assert {meant for meant, _ in _messages("control")} == {*Control, NONE}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("meant", "said"), _messages("yes_no"))
def test_yes_and_no_as_students_type_them(language: str, meant: str, said: str) -> None:
    assert {True: "yes", False: "no", None: NONE}[coach(language).yes_no(said)] == meant


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("meant", "said"), _messages("number"))
def test_a_point_on_a_scale_as_students_type_it(language: str, meant: str, said: str) -> None:
    assert str(coach(language).number(said) or NONE) == meant


def _broken(**changes: Any) -> dict[str, Any]:
    return {**packaged("en", "lexicon.toml"), **changes}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (_broken(control={"back": ["back"]}), "no .control. for skip, pause"),
        (_broken(rule={"empty": packaged("en", "lexicon.toml")["rule"]["empty"]}), "no .rule. for label, vague_goal"),
        (_broken(lists={}), "there is no list insult, person, subject"),
        (_broken(number={"6": ["six"]}), "number"),
        (_broken(fillers=["um"]), "fillers"),
        (
            _broken(filler=["|".join("abcdefghij") + "?" for _ in "a"] + [" ".join(["a|b|c|d|e|f|g|h?"] * 6)]),
            "too many ways",
        ),
    ],
)
def test_a_lexicon_that_cannot_be_used_says_what_is_wrong_and_in_which_file(data: dict[str, Any], problem: str) -> None:
    with pytest.raises(FlowError, match=problem) as refused:
        Lexicon.parse(data, "school/en/lexicon.toml")
    assert all(line.startswith("school/en/lexicon.toml: ") for line in refused.value.problems)


def test_a_school_may_bring_a_third_language() -> None:
    french = packaged("en", "lexicon.toml")
    french["rule"]["empty"]["words"] = ["je ne sais pas"]
    coach_of_three = Coach({"en": lexicon("en"), "es": lexicon("es"), "fr": Lexicon.parse(french)}, "es")
    assert coach_of_three.judge("Je ne sais pas…", ["empty"]).rule == "empty"
