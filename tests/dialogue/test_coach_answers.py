"""The table of real-sounding answers: what must be probed, and what must not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.dialogue.coach import Coach, Lexicon, Rule
from tests.dialogue.words import LEXICONS

HERE = Path(__file__).parent
OK = "ok"


def _cases() -> list[tuple[str, dict[str, object], str, str]]:
    cases = []
    for language in LEXICONS:
        table = tomllib.loads((HERE / f"answers_{language}.toml").read_text("utf-8"))
        cases += [
            (language, question, answer, rule) for question in table["question"] for answer, rule in question["answers"]
        ]
    return cases


CASES = _cases()
