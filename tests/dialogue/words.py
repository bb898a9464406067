"""The packaged word lists, read as the tests of the coach and the safety screen need them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import prompts
from bot.dialogue.coach import Coach, Lexicon
from bot.dialogue.safety import Safety

LANGUAGES = ("en", "es")
HERE = Path(__file__).parent


def packaged(language: str, name: str) -> dict[str, Any]:
    """A language's own file of the package, as tables."""
    return tomllib.loads((Path(prompts.__file__).parent / language / name).read_text("utf-8"))


def table(name: str) -> dict[str, Any]:
    """A table of examples that lies beside the tests."""
    return tomllib.loads((HERE / name).read_text("utf-8"))


@cache
def lexicon(language: str) -> Lexicon:
    return Lexicon.parse(packaged(language, "lexicon.toml"), f"{language}/lexicon.toml")


@cache
def coach(language: str) -> Coach:
    return Coach({name: lexicon(name) for name in LANGUAGES}, language)


@cache
def safety() -> Safety:
    return Safety.parse({language: packaged(language, "safety.toml") for language in LANGUAGES})
