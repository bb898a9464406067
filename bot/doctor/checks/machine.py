"""This machine: Python, time zones, room on the disk."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.doctor.finding import Finding, doubtful, failed, fine
from bot.doctor.look import Look
from bot.settings import Name

PYTHON = (3, 11)
MEGABYTE = 1_000_000
LITTLE, TOO_LITTLE = 1000, 100
"""Megabytes free."""


def python(look: Look) -> Finding:
    """Whether this Python is new enough."""
    version = ".".join(map(str, look.machine.python))
    if look.machine.python[:2] < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return failed(
            f"This is Python {version}; {wanted} or newer is needed.",
            "Python",
            f"Install Python {wanted} or newer, and the bot with it.",
        )
    return fine(f"Python {version}.", "Python")


def zones(_look: Look) -> Finding:
    """Whether there is a database of time zones."""
    try:
        ZoneInfo.no_cache("America/New_York")
    except ZoneInfoNotFoundError:
        return failed("There is no time zone data on this machine.", "tzdata", "Install it: pip install tzdata")
    return fine("Time zones are known.", "tzdata")


def disk(look: Look) -> Finding:
    """Whether there is room for the database, or, where that is elsewhere, for what is written here."""
    folder = look.database.parent if look.database else Path.cwd()
    try:
        free = look.machine.free(folder) // MEGABYTE
    except OSError as error:
        return failed(f"{folder}: {error.strerror}.", Name.DATABASE_URL, "Make the folder, or name another.")
    if free < LITTLE:
        say = failed if free < TOO_LITTLE else doubtful
        return say(f"Only {free:,} MB are free in {folder}.", str(folder), "Make room there, or move the database.")
    return fine(f"{free:,} MB are free in {folder}.", str(folder))
