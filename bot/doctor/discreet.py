"""Keeping secrets out of what is said, whatever a library puts into an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from bot.settings import HOW_TO_GET, Name

HIDDEN = "…"
SHORTEST = 4
"""Anything shorter is no secret, and would blank out half a sentence."""

_PASSWORD = re.compile(r"//[^/@]*?:(.*)@")
_ADDRESSES = (Name.DATABASE_URL, Name.SMTP_URL, Name.API_URL)
_SECRET = re.compile(r"SLACK_.*|ENCRYPTION_KEYS")
"""Also those that nobody reads: what is misspelled is as secret."""
_OPEN = (Name.API_URL, Name.CLIENT_ID)
_BARE = re.compile(r"(xox[a-z]|xapp)-\W*")
"""How a token begins, which is no secret; with the dots of an example it is none either."""


def discreet(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes out of a text every secret there is among these variables.

    Our own words on a variable stay, whatever is written into one: an example in them may have been copied there.
    """
    secrets = sorted(filter(_is_secret, set(_secrets(environ))), key=len, reverse=True)
    ours = frozenset(HOW_TO_GET.values())
    pattern = re.compile("|".join(map(re.escape, (*ours, *secrets))))
    return lambda text: pattern.sub(lambda found: found[0] if found[0] in ours else HIDDEN, text)


def _is_secret(value: str) -> bool:
    return len(value) >= SHORTEST and not _BARE.fullmatch(value)


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _SECRET.fullmatch(name) and name not in _OPEN:
            yield value.strip()
            yield from (part.strip() for entry in value.split(",") for part in (entry, entry.partition(":")[2]))
        if name in _ADDRESSES and (found := _PASSWORD.search(value)):
            yield from (found[1], unquote(found[1]))
