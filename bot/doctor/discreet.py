"""Keeping secrets out of what is said, whatever a library puts into an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from bot.settings import Name

HIDDEN = "…"
SHORTEST = 4
"""Anything shorter is no secret, and would blank out half a sentence."""

_PASSWORD = re.compile(r"//[^/@]*?:(.*)@")
_ADDRESSES = (Name.DATABASE_URL, Name.SMTP_URL, Name.API_URL)
_SECRET = re.compile(r"SLACK_.*|ENCRYPTION_KEYS")
"""Also those that nobody reads: what is misspelled is as secret."""
_OPEN = (Name.API_URL, Name.CLIENT_ID)


def discreet(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes out of a text every secret there is among these variables."""
    secrets = sorted({one for one in _secrets(environ) if len(one) >= SHORTEST}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, secrets)) or r"(?!)")
    return lambda text: pattern.sub(HIDDEN, text)


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if _SECRET.fullmatch(name) and name not in _OPEN:
            yield value.strip()
            yield from (part.strip() for entry in value.split(",") for part in (entry, entry.partition(":")[2]))
        if name in _ADDRESSES and (found := _PASSWORD.search(value)):
            yield from (found[1], unquote(found[1]))
