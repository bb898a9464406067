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


@pytest.mark.parametrize(("language", "question", "answer", "rule"), _cases())
def test_an_answer_runs_into_the_rule_the_table_says(
    language: str, question: dict[str, Any], answer: str, rule: str
) -> None:
    verdict = coach(language).judge(
        answer, question["rules"], evidence=question.get("evidence", 0), last=question.get("last", "")
    )
    assert (verdict.rule or OK) == rule


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_large_and_shows_every_rule_and_good_answers(language: str) -> None:
    seen = Counter(rule for of, _, _, rule in _cases() if of == language)
    assert sum(seen.values()) >= 150
    assert seen[OK] >= 50
    assert {rule for rule in Rule if seen[rule.value] < 3} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_conversation_does_not_matter_for_what_is_understood(language: str) -> None:
    other = next(name for name in LANGUAGES if name != language)
    differing = [
        answer
        for of, question, answer, rule in _cases()
        if of == language
        and (coach(other).judge(
            answer, question["rules"], evidence=question.get("evidence", 0), last=question.get("last", "")
        ).rule or OK) != rule
    ]
    assert differing == []
