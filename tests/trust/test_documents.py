"""What we promise parents: easy to read, the same in both languages, and true of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.conference.access import Role
from bot.readability import grade
from bot.services.leaving.payloads import WORDS_KEPT
from bot.services.safeguarding import ESCALATE_AFTER
from bot.store.models import School

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"en": "PRIVACY.md", "es": "PRIVACIDAD.md"}
SIXTH_GRADE = 7.0
"""A text a sixth-grader can read ends below grade 7."""


def page(language: str) -> str:
    return (DOCS / PAGES[language]).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", PAGES)
def test_a_sixth_grader_can_read_it(language: str) -> None:
    prose = re.sub(r"^[#|].*$|\[([^]]*)\]\([^)]*\)|\*\*|^- ", r"\1", page(language), flags=re.MULTILINE)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\n|\n(?=[A-Z])", prose) if part.strip()]
    found = grade(paragraphs, language)
    assert found is not None
    assert found < SIXTH_GRADE


def test_both_languages_have_the_same_parts_rows_and_numbers() -> None:
    shapes = [
        [re.match(r"#*|[-|]?", line)[0] for line in page(language).splitlines() if line[:1] in ("#", "-", "|")]  # type: ignore[index]
        for language in PAGES
    ]
    assert shapes[0] == shapes[1]
    numbers = [sorted(re.findall(r"\d+", page(language))) for language in PAGES]
    assert numbers[0] == numbers[1]


def test_the_numbers_are_those_of_the_program() -> None:
    promised = [
        School.__table__.c.keep_days.default.arg,  # type: ignore[union-attr]
        ESCALATE_AFTER.total_seconds() // 60,
        WORDS_KEPT.days,
    ]
    assert sorted(map(int, re.findall(r"\d+", page("en")))) == sorted(map(int, promised))


def test_every_role_has_its_line() -> None:
    rows = [line for line in page("en").splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(Role)
    for role in Role:
        assert any(role.value in row.split("|")[1] for row in rows), role


def test_it_is_nowhere_called_private() -> None:
    for language, word in (("en", "private"), ("es", "privado")):
        assert len(re.findall(word, page(language))) == 1  # where it says that it is not
