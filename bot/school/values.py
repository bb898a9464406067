"""Single values of a school's files: each function returns what stands there, checked, or raises `Wrong`."""

from __future__ import annotations

import difflib
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Collection
from datetime import date, datetime, time
from enum import StrEnum
from typing import TypeVar

from bot.school.problems import Wrong

E = TypeVar("E", bound=StrEnum)

_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_SLASHED_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?", re.ASCII)
_TWELVE_HOURS = re.compile(r"(0?[1-9]|1[0-2])(?::?([0-5]\d))?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\.]+(\.[^@\s<>()\[\],;:\"\\.]+)+")
_KEY = re.compile(r"[^\s,;=+@\-][^\s,;]{0,63}")
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{1,31}")
_WORKSPACE_ID = re.compile(r"T[A-Z0-9]{1,31}")
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060"))
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of writing: with it a text shows as another than it is."""
_FORMULA = "=+-@"
"""With what a spreadsheet takes a cell for a formula."""
MANY = 1_000
MINUTES = range(5, 181)


def words(value: object) -> str:
    """Text on one line, without stray blanks."""
    if not isinstance(value, str):
        raise Wrong("This must be text.", 'Put it between quotation marks, as in "room 12".')
    text = unicodedata.normalize("NFC", " ".join(value.translate(_INVISIBLE).split()))
    if not text:
        raise Wrong("Nothing is written here.", "Fill it in.")
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") or character in _TURNING:
            raise Wrong(f"There is an invisible character (U+{ord(character):04X}) here.", "Type the cell again.")
    return text


def short(limit: int) -> Callable[[object], str]:
    """Words of at most `limit` characters."""

    def parse(value: object) -> str:
        text = words(value)
        if len(text) > limit:
            raise Wrong(f"This is {len(text)} characters long.", f"Shorten it to {limit}.")
        return text

    return parse


def shown(text: str, limit: int = 40) -> str:
    """A cell as it may be put before whoever looks: short, and without what would move their terminal about."""
    return "".join(one for one in text[:limit] if one.isprintable() and one not in _TURNING)


def name(value: object) -> str:
    """Somebody's name: it stands in tables that are opened in spreadsheets, and must be none of their formulas."""
    text = short(200)(value)
    if text[0] in _FORMULA:
        raise Wrong(f"A name does not begin with “{text[0]}”.", "Write it as the person is called.")
    return text


def key(value: object) -> str:
    """An id of the roster: no blanks, since lists of ids are separated by them."""
    text = words(value)
    if not _KEY.fullmatch(text):
        raise Wrong(
            f"“{text}” cannot be an id.", "Use up to 64 letters, digits, dots or dashes, without blanks or commas."
        )
    return text


def keys(value: object) -> tuple[str, ...]:
    """Ids separated by blanks, each once, in their order; nothing written is no id."""
    if isinstance(value, str) and not value.strip():
        return ()
    text = words(value)
    if "," in text or ";" in text:
        raise Wrong(f"“{text}” has commas or semicolons.", "Separate the ids by blanks: “noor theo”.")
    return tuple(dict.fromkeys(key(part) for part in text.split()))


def day(value: object) -> date:
    """A date as 2026-12-10. Others are refused, not guessed: 12/10 is December here and October there."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    text = words(value) if isinstance(value, str) else str(value)
    if match := _ISO_DAY.fullmatch(text):
        year, month, number = map(int, match.groups())
        if found := _date(year, month, number):
            return found
        raise Wrong(f"There is no day {text}.", "Write year-month-day, as in 2026-12-10.")
    raise Wrong(f"“{text}” is not a date that reads the same everywhere.", _write_day(text))


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _write_day(text: str) -> str:
    match = _SLASHED_DAY.fullmatch(text)
    if not match:
        return "Write year-month-day, as in 2026-12-10, and format the column as text."
    first, second, year = map(int, match.groups())
    days = [found for found in (_date(year, first, second), _date(year, second, first)) if found]
    meant = " or ".join(dict.fromkeys(f"{found.isoformat()} for {found.day} {found:%B}" for found in days))
    return f"Write {meant or 'year-month-day, as in 2026-12-10'}, and format the column as text."


def clock(value: object) -> str:
    """A wall time of the 24-hour clock as "HH:MM"; a spreadsheet's "9:00" and "9:00:00" are taken too."""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    text = words(value) if isinstance(value, str) else str(value)
    if match := _CLOCK.fullmatch(text):
        return f"{int(match[1]):02}:{match[2]}"
    remedy = "Write hours and minutes of the 24-hour clock, as in 17:30."
    if match := _TWELVE_HOURS.fullmatch(text):
        hour = int(match[1]) % 12 + (12 if match[3] in "pP" else 0)
        remedy = f"Write {hour:02}:{match[2] or '00'}."
    raise Wrong(f"“{text}” is not a time.", remedy)


def minutes(value: object) -> int:
    """The length of a meeting in whole minutes."""
    text = words(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and int(text) in MINUTES):
        raise Wrong(
            f"“{text}” is not a length in minutes.", f"Write a whole number from {MINUTES[0]} to {MINUTES[-1]}."
        )
    return int(text)


_YES, _NO = frozenset({"yes", "y", "true", "1", "sí", "si", "s"}), frozenset({"no", "n", "false", "0"})


def yes_or_no(value: object) -> bool:
    """Yes or no, in English or Spanish, in any case, as a spreadsheet has it."""
    text = words(value)
    if text.lower() not in _YES | _NO:
        raise Wrong(f"“{text}” is neither yes nor no.", "Write yes or no, or leave it empty.")
    return text.lower() in _YES


def days(among: range) -> Callable[[object], int]:
    """Parses a number of days that is among these."""

    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value not in among:
            remedy = f"Write a number from {among.start} to {among.stop - 1}, without quotation marks: 90."
            raise Wrong(f"“{value}” is not a number of days that can be taken.", remedy)
        return value

    return parse


def email(value: object) -> str:
    """An e-mail address, in lower case: Slack compares without regard to case."""
    text = words(value)
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise Wrong(
            f"“{text}” is not an e-mail address.", "Write one address, as in noor@school.example, or leave it empty."
        )
    return text.lower()


def slack_person(value: object) -> str:
    """A Slack member id."""
    text = words(value)
    if not _PERSON_ID.fullmatch(text):
        raise Wrong(
            f"“{text}” is not a Slack member id.",
            "In Slack: the person's profile, “…”, Copy member ID; it begins with U or W. Or leave it empty.",
        )
    return text


def workspace(value: object) -> str:
    """A Slack workspace id."""
    text = words(value)
    if not _WORKSPACE_ID.fullmatch(text):
        raise Wrong(f"“{text}” is not a workspace id.", "It begins with T and is in the address of Slack in a browser.")
    return text


def time_zone(value: object) -> str:
    """A zone of the IANA data base, such as America/New_York."""
    text = words(value)
    known = zoneinfo.available_timezones()
    if text not in known:
        raise Wrong(
            f"“{text}” is not a time zone.", f"Write one as in Europe/Madrid or America/New_York.{meant(text, known)}"
        )
    return text


def one_of(kind: type[E]) -> Callable[[object], E]:
    """A value of a closed set, in any case."""

    def parse(value: object) -> E:
        text = words(value)
        try:
            return kind(text.lower())
        except ValueError:
            known = [member.value for member in kind]
            raise Wrong(f"“{text}” is not known here.", f"Write {' or '.join(known)}.{meant(text, known)}") from None

    return parse


def language(known: Collection[str]) -> Callable[[object], str]:
    """A language there are words for."""

    def parse(value: object) -> str:
        text = words(value).lower()
        if text not in known:
            have = ", ".join(sorted(known))
            raise Wrong(
                f"There are no words in the language “{text}”.",
                f"Write one of: {have}; or add prompts/{text if text.isalpha() else 'xx'}/ to the school's folder.",
            )
        return text

    return parse


def meant(text: str, known: Collection[str]) -> str:
    """A guess at what was meant, as a sentence to add, or nothing; among very many a guess takes too long."""
    close = difflib.get_close_matches(text, sorted(known), n=1) if len(known) <= MANY else []
    return f" Did you mean “{close[0]}”?" if close else ""
