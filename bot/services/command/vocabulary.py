"""The words that can stand after `/conference`, in every language the school has, and who has a use for each."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from bot.conference.access import Role
from bot.conference.doors import COMMANDS, Door, Way, admits
from bot.services.house import House


def words_for(role: str) -> tuple[str, ...]:
    """The words somebody of a role can use."""
    return tuple(word for word in COMMANDS if admits(Door(Way.COMMAND, word), Role(role)))


def parse(house: House, text: str) -> tuple[str, str]:
    """The word that was typed and what stands after it; ("", text) where it is none. The longest counts: a word may
    be the beginning of another's."""
    typed = bare(text)
    for spelled, word in sorted(_spelled(house), key=lambda one: -len(one[0])):
        if typed == spelled or typed.startswith(f"{spelled} "):
            return word, " ".join(text.split()[len(spelled.split()) :])
    return "", text


def nearest(house: House, text: str, among: Sequence[str]) -> str:
    """Which of these words somebody may have meant; "" where it looks like none."""
    spelled = {typed: word for typed, word in _spelled(house) if word in among}
    found = get_close_matches(bare(text)[:LONGEST], spelled, 1) or get_close_matches(
        bare(text).partition(" ")[0][:LONGEST], spelled, 1
    )
    return spelled[found[0]] if found else ""


LONGEST = 40
"""Characters of what was typed that are compared."""


def bare(text: str) -> str:
    """Without case, accents and more blanks than one between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def _spelled(house: House) -> list[tuple[str, str]]:
    catalog = house.words.catalog
    return [
        (bare(catalog.label(language, f"command.{word}")), word) for language in catalog.languages for word in COMMANDS
    ]
