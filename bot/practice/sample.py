"""The packaged sample school as it would be today: its days are fixed, and move along with the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.resources import as_file, files
from pathlib import Path

STUDENT = "noor"
"""Whose conference is near."""

NEAR = timedelta(days=7)
"""Hers is on the first day from then on that is the same of the week as in the packaged school."""

FIRST = date(2026, 12, 10)
"""When it is in the packaged school: on the first day of conferences."""

_DAY = re.compile(r"(?<!\d)(20\d\d)(-?)(\d\d)\2(\d\d)(?!\d)")
_TERM = re.compile(r"\[\[term\]\]\s+name = \"(.+)\"")


def near(was: date, today: date) -> date:
    """The first day of the same weekday as `was`, NEAR or more after today."""
    soonest = today + NEAR
    return soonest + timedelta(days=(was.weekday() - soonest.weekday()) % 7)


@contextmanager
def packaged() -> Iterator[Path]:
    """The folder of the packaged school."""
    with as_file(files("bot.practice") / "school") as folder:
        yield folder


def moved(today: date) -> dict[str, str]:
    """The packaged school's files by name: every day in them moved by the same weeks, so that conferences are near.

    Its terms are named by their number: their seasons would be others.
    """
    by = near(FIRST, today) - FIRST
    with packaged() as folder:
        texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())}
    terms = {name: f"Term {number}" for number, name in enumerate(_TERM.findall(texts["school.toml"]), start=1)}
    return {name: _moved(text, by, terms) for name, text in texts.items()}


def _moved(text: str, by: timedelta, terms: dict[str, str]) -> str:
    for before, after in terms.items():
        text = text.replace(before, after)
    return _DAY.sub(lambda day: _later(day, by), text)


def _later(day: re.Match[str], by: timedelta) -> str:
    year, dash, month, of_month = day.groups()
    return f"{date(int(year), int(month), int(of_month)) + by:%Y{dash}%m{dash}%d}"
