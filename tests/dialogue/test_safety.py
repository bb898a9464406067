"""The screen: what calls for a person, what only sounds like it, and what students do to slip past."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.phrases import GAP, Loose, expand, fold
from bot.dialogue.safety import Level, Safety
from bot.dialogue.sentences import LEVELS, NONE, Sentences, count, parse
from bot.errors import FlowError
from tests.dialogue.overlaps import Overlaps
from tests.dialogue.words import LANGUAGES, packaged, safety, table

HELD_OUT = {  # the least that is noticed of what no list was mended by: (explicit, look), and the most false alarms
    ("en", "first"): (0.8, 0.9, 0.04),
    ("es", "first"): (0.8, 0.9, 0.04),
    ("en", "second"): (0.65, 0.4, 0.08),
    ("es", "second"): (0.3, 0.2, 0.08),
    ("en", "ordinary"): (0.95, 0.9, 0.03),
    ("es", "ordinary"): (0.9, 0.95, 0.03),
    ("en", "ordinary_second"): (0.9, 0.95, 0.03),
    ("es", "ordinary_second"): (0.95, 0.9, 0.03),
    ("en", "ordinary_third"): (0.9, 0.9, 0.03),
    ("es", "ordinary_third"): (0.9, 0.95, 0.03),
    ("en", "ordinary_last"): (0.8, 0.8, 0.06),
    ("es", "ordinary_last"): (0.9, 0.75, 0.06),
}


def _tables(language: str) -> tuple[Sentences, ...]:
    return parse(packaged(language, "safety_sentences.toml"), language)


def _tuned(language: str) -> Sentences:
    return next(one for one in _tables(language) if not one.held_out)


def _sentences() -> list[tuple[str, str]]:
    tables = [_tuned(language) for language in LANGUAGES]
    return [(level, sentence) for of in tables for level in LEVELS for sentence in of.of(level)]


def _answers() -> list[str]:
    questions = [question for language in LANGUAGES for question in table(f"answers_{language}.toml")["question"]]
    return sorted({answer for question in questions for answer, _ in question["answers"]})


@pytest.mark.parametrize(("level", "sentence"), _sentences())
def test_a_sentence_is_taken_as_the_table_says(level: str, sentence: str) -> None:
    assert (safety().screen(sentence) or NONE) == level


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_large_and_holds_as_many_false_friends_as_alarms(language: str) -> None:
    sizes = {level: len(_tuned(language).of(level)) for level in LEVELS}
    assert sum(sizes.values()) >= 300
    assert min(sizes.values()) >= 80
    assert sizes[NONE] >= 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_stands_in_two_tables(language: str) -> None:
    every = [fold(sentence) for of in _tables(language) for level in LEVELS for sentence in set(of.of(level))]
    held = [fold(one) for of in _tables(language) if of.held_out for level in LEVELS for one in of.of(level)]
    assert len(held) == len(set(held))
    assert [one for one in set(held) if every.count(one) > 1] == []


@pytest.mark.parametrize(("language", "name"), HELD_OUT)
def test_of_sentences_no_list_was_mended_by_no_less_is_noticed_than_was(language: str, name: str) -> None:
    held = next(one for one in _tables(language) if one.name == name)
    explicit, look, false = (one.share for one in count(safety(), held))
    least_explicit, least_look, most_false = HELD_OUT[language, name]
    assert held.held_out
    assert explicit >= least_explicit
    assert look >= least_look
    assert false <= most_false


def test_ordinary_answers_raise_no_alarm() -> None:
    assert [answer for answer in _answers() if safety().screen(answer)] == []


@pytest.mark.parametrize("sentence", [sentence for level, sentence in _sentences() if level == Level.EXPLICIT])
def test_an_alarm_counts_wherever_it_stands_in_a_long_answer(sentence: str) -> None:
    before = "in science we built a timeline and i measured it. " * 5
    after = ". anyway math is fine and my poster is done" * 5
    assert safety().screen(f"{before}{sentence}{after}") is Level.EXPLICIT


@pytest.mark.parametrize(
    "text",
    [
        "i want to 🔪 myself",
        "i want to k🙂ill myself",
        "i want to kill :skull: myself",
        "i want to :gun: myself",
        "i want to kill :thumbsup::skin-tone-4: myself",
        "i want to kill 👩🏽\u200d🚀 myself",
        "i want to kı\u0336l\u0336l\u0336 myself",
        "i want to ｋｉｌｌ ｍｙｓｅｌｆ",
        "i want to κιll myself",
        "i want to ᴋɪʟʟ ᴍʏꜱᴇʟꜰ",
        "i want to 🇰🇮🇱🇱 myself",
        "i want to 🅺🅸🅻🅻 myself",
        "i want to \u202ekill\u202c myself",
        "i want to k\u2063i\u200dl\u00adl my\u3164self",
        "i want to ki-ll my.self",
        "i want to k-i-l-l myself",
        "i want to k1||  mys€lf",
        "I WANT TO KIIIILLLL MYYYSELF",
        "i want to kill mysefl",
        "quiero matarm3",
        "quiero su1c1darme",
        "quiero suisidarme",
        "ojala me mueraaa",
        "tengo ganas de morirme and i want to die",
    ],
)  # fmt: skip
def test_no_disguise_gets_words_past_the_screen(text: str) -> None:
    assert safety().screen(text) is Level.EXPLICIT


@pytest.mark.parametrize(
    "text", ["see you at 10:30:45 :tada:", "ok :joy: :sob:", "👍🏽👍🏽", "🇲🇽 is my flag", "it was 3-2", "a+b=c", "+1"]
)
def test_signs_and_emoji_alone_are_no_alarm(text: str) -> None:
    assert safety().screen(text) is None


def test_an_alarm_with_words_between_is_found_and_not_over_more_than_four() -> None:
    assert safety().screen("my uncle when nobody is around touches me") is Level.EXPLICIT
    assert safety().screen("my uncle fixed the bike and my aunt made rice and then the story touched me") is None


def test_an_idiom_that_has_the_end_of_an_alarm_in_it_silences_that_alarm_alone() -> None:
    assert safety().screen("im trash at math") is None
    assert safety().screen("my brother always hits me with the ball") is None
    assert safety().screen("my dad hit me with the ball and then he choked me") is Level.EXPLICIT


def test_a_phrase_with_a_gap_is_found_wherever_the_gap_allows() -> None:
    loose = Loose({})
    loose.add("x", ["a|b ~ c? d"], {})
    texts = ("a d", "b c d", "a 1 2 3 4 d", "a 1 2 3 4 5 d", "d a")
    said = {text: bool(list(loose.found(text.split()))) for text in texts}
    assert said == {"a d": True, "b c d": True, "a 1 2 3 4 d": True, "a 1 2 3 4 5 d": False, "d a": False}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_alarm_is_left_with_only_words_that_say_nothing(language: str) -> None:
    data = packaged(language, "safety.toml")
    ignored = {fold(word) for word in data["ignore"]}
    phrases = [phrase for kind in ("explicit", "look") for phrase in data[kind] if " " in phrase]
    short = [
        f"{phrase}: {words}"
        for phrase in phrases
        if GAP not in phrase.split()
        for words in expand(phrase, data["lists"])
        if len(words) - len([word for word in words if word in ignored]) < 2 <= len(words)
    ]
    assert short == []


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
    """There is a text that calls for a person, and does not once the idiom is known for one."""
    data: dict[str, Any] = packaged(language, "safety.toml")
    without = Safety.parse({of: {**packaged(of, "safety.toml"), "idioms": []} for of in LANGUAGES})
    overlaps = Overlaps(data)
    idle = [
        idiom
        for idiom in data["idioms"]
        if not any(without.screen(text) and not safety().screen(text) for text in overlaps.texts(idiom))
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
