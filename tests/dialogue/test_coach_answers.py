"""The tables of real-sounding answers: what must be probed, and what must not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bot.dialogue.coach import Rule
from tests.dialogue.words import LANGUAGES, coach, table

OK = "ok"


def _cases() -> list[tuple[str, dict[str, Any], str, str]]:
    return [
        (language, question, answer, rule)
        for language in LANGUAGES
        for question in table(f"answers_{language}.toml")["question"]
        for answer, rule in question["answers"]
    ]


def _judged(language: str, question: dict[str, Any], answer: str) -> str:
    evidence, last = question.get("evidence", 0), question.get("last", "")
    return coach(language).judge(answer, question["rules"], evidence=evidence, last=last).rule or OK


CASES = [pytest.param(*case, id=f"{case[0]}-{case[2] or 'nothing'}-{case[3]}") for case in _cases()]


@pytest.mark.parametrize(("language", "question", "answer", "rule"), CASES)
def test_an_answer_runs_into_the_rule_the_table_says_in_either_language(
    language: str, question: dict[str, Any], answer: str, rule: str
) -> None:
    assert {spoken: _judged(spoken, question, answer) for spoken in LANGUAGES} == dict.fromkeys(LANGUAGES, rule)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_large_and_shows_every_rule_and_many_good_answers(language: str) -> None:
    seen = Counter(rule for of, _, _, rule in _cases() if of == language)
    assert sum(seen.values()) >= 180
    assert seen[OK] >= 60
    assert [rule for rule in Rule if seen[rule.value] < 5] == []
