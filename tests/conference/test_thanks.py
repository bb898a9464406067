"""Whom a student's thank-you is meant for: only who is surely named."""

from __future__ import annotations

import pytest

from bot.conference.thanks import Adult, meant

AMAL, YUSUF = Adult(1, "Amal Haddad", family=True), Adult(2, "Yusuf Haddad", family=True)
OKAFOR, REYES = Adult(3, "Ms. Okafor"), Adult(4, "Mr. José Reyes")
ALL = (AMAL, YUSUF, OKAFOR, REYES)
PARENT, FAMILY = ("mom", "mamá"), ("parents", "familia")


@pytest.mark.parametrize(
    ("text", "adults", "sure"),
    [
        ("Ms. Okafor helped me, she kept the room open", ALL, {3}),
        ("ms okafor and YUSUF", ALL, {2, 3}),
        ("Jose Reyes read a draft", ALL, {4}),
        ("amal haddad drove me", ALL, {1}),
        ("Haddad", ALL, set()),  # two bear it
        ("my mom drove me", ALL, set()),  # two at home: not sure
        ("my mom drove me", (AMAL, OKAFOR), {1}),
        ("mi mama me llevó", (AMAL, OKAFOR), {1}),
        ("my parents", ALL, {1, 2}),
        ("Jules explained fractions on the bus", ALL, set()),
        ("the moment I was stuck", (AMAL, OKAFOR), set()),  # no "mom" in it
        ("", ALL, set()),
        ("Ms. helped", ALL, set()),
    ],
)
def test_only_who_is_surely_named(text: str, adults: tuple[Adult, ...], sure: set[int]) -> None:
    assert set(meant(text, adults, PARENT, FAMILY)) == sure
