"""Dates, times and lists of names as a language writes them."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list

from prompts.markdown import Instant, Moment

# Day before month everywhere, no year; English as in Britain, which needs no comma before "and".
_DAYS = {"es": "EEEE d 'de' MMMM", "pt": "EEEE, d 'de' MMMM"}
_DAY = "EEEE d MMMM"


@lru_cache(maxsize=1024)
def day(value: str | date, language: str) -> str:
    """An ISO date (or date and time) as "Thursday 10 December"; ValueError if it is none."""
    moment = value if isinstance(value, date) else datetime.fromisoformat(value)
    return format_date(moment, _DAYS.get(language, _DAY), locale=_locale(language))


@lru_cache(maxsize=1024)
def short_day(value: str | date, language: str) -> str:
    """An ISO date (or date and time) as "6 Nov"; ValueError if it is none."""
    moment = value if isinstance(value, date) else datetime.fromisoformat(value)
    return format_date(moment, "d MMM", locale=_locale(language))


@lru_cache(maxsize=1024)
def clock(value: str | time | datetime) -> str:
    """An ISO time (or date and time) as "17:30"; ValueError if it is none."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value or " " in value else time.fromisoformat(value)
    return value.strftime("%H:%M")


def local_day(value: str, language: str) -> Moment:
    """The day of an ISO date and time with its offset; ValueError if it is none."""
    return Moment(day(value, language), Instant(_seconds(value), "day"))


def local_clock(value: str) -> Moment:
    """The time of an ISO date and time with its offset; ValueError if it is none."""
    return Moment(clock(value), Instant(_seconds(value), "clock"))


def _seconds(value: str) -> int:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value} names no offset, so it is no instant")
    return int(moment.timestamp())


@lru_cache(maxsize=1024)
def names(values: tuple[str, ...], language: str) -> str:
    """Names in a row: "A, B and C"."""
    return format_list(values, locale=_locale(language))


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse("en_GB" if language == "en" else language)
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
