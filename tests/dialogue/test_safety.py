"""The screen: what calls for a person, what only sounds like it, and what students do to slip past."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.phrases import Phrases, expand, respell
from bot.dialogue.safety import Level, Safety
from bot.errors import FlowError
from tests.dialogue.words import LANGUAGES, packaged, safety, table

NONE = "none"


def _sentences() -> list[tuple[str, str]]:
    tables = [table(f"safety_{language}.toml") for language in LANGUAGES]
    return [(level, sentence) for of in tables for level, sentences in of.items() for sentence in sentences]


def _answers() -> list[str]:
    questions = [question for language in LANGUAGES for question in table(f"answers_{language}.toml")["question"]]
    return sorted({answer for question in questions for answer, _ in question["answers"]})


@pytest.mark.parametrize(("level", "sentence"), _sentences())
def test_a_sentence_is_taken_as_the_table_says(level: str, sentence: str) -> None:
    assert (safety().screen(sentence) or NONE) == level


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_large_and_holds_as_many_false_friends_as_alarms(language: str) -> None:
    sizes = {level: len(sentences) for level, sentences in table(f"safety_{language}.toml").items()}
    assert set(sizes) == {*Level, NONE}
    assert min(sizes.values()) >= 50
    assert sizes[NONE] >= 100


def test_ordinary_answers_raise_no_alarm() -> None:
    assert [answer for answer in _answers() if safety().screen(answer)] == []


@pytest.mark.parametrize("sentence", [sentence for level, sentence in _sentences() if level == Level.EXPLICIT])
def test_an_alarm_counts_wherever_it_stands_in_a_long_answer(sentence: str) -> None:
    before = "in science we built a timeline and i measured it. " * 5
    after = ". anyway math is fine and my poster is done" * 5
    assert safety().screen(f"{before}{sentence}{after}") is Level.EXPLICIT


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("this homework is killing me and i want to kill myself", Level.EXPLICIT),
        ("me muero de risa, pero me quiero matar", Level.EXPLICIT),
        ("i want to die of embarrassment. i hate myself", Level.LOOK),
        ("i hate my life and my dad hits me", Level.EXPLICIT),
    ],
)
def test_an_idiom_silences_only_itself_and_the_worst_counts(text: str, level: Level) -> None:
    assert safety().screen(text) is level


def test_a_story_excuses_a_mention_but_not_what_is_said_of_oneself() -> None:
    assert safety().screen("my brother talks about suicide") is Level.LOOK
    assert safety().screen("the book talks about suicide") is None
    assert safety().screen("the book made me think i want to kill myself") is Level.EXPLICIT


@pytest.mark.parametrize(
    "text", ["", " ", "🙂", "\x00\x01", "*_~`", "<!channel>", "{{ 7*7 }}", "\u202e", "#" * 5_000, "a " * 5_000]
)
def test_text_without_words_to_go_by_raises_nothing(text: str) -> None:
    assert safety().screen(text) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_idiom_of_the_list_silences_some_alarm(language: str) -> None:
    data: dict[str, Any] = packaged(language, "safety.toml")
    same = dict.fromkeys(data["ignore"], "") | {word.lower(): meant for word, meant in data["same_word"].items()}
    alarms = Phrases(same)
    for kind in ("explicit", "look", "mention"):
        alarms.add(kind, data[kind], data["lists"])
    idle = [
        idiom
        for idiom in data["idioms"]
        if not any(any(alarms.found(respell(words, same))) for words in expand(idiom, data["lists"]))
    ]
    assert idle == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_screens_on_its_own_too(language: str) -> None:
    alone = Safety.parse({language: packaged(language, "safety.toml")})
    said = {"en": "i want to kill myself", "es": "me quiero morir"}
    assert {of: alone.screen(text) for of, text in said.items() if of == language} == {language: Level.EXPLICIT}


def test_word_lists_that_cannot_be_used_are_all_named() -> None:
    with pytest.raises(FlowError) as refused:
        Safety.parse(
            {"en": {"explicit": [], "look": ["@none here"]}, "es": {"explicit": ["a"], "look": ["@nada"], "x": 1}}
        )
    assert [problem.split(":")[1].strip() for problem in refused.value.problems] == ["en", "es"]
    with pytest.raises(FlowError, match="there is no list nada"):
        Safety.parse({"es": {"explicit": ["a"], "look": ["@nada"]}})
    with pytest.raises(FlowError, match="no language"):
        Safety.parse({})
