"""The demo in a browser: everything is started, shown where to begin, and ended when told to."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from bot import logs
from bot.app import Bot, build, ready
from bot.practice.browser.program import program
from bot.practice.browser.school import loaded_at, school_near
from bot.practice.browser.workspace import TEAM, Workspace, require_free, slack_id, workspace
from bot.practice.page import Page
from bot.practice.sample import STUDENT
from bot.school import School
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.settings import Settings
from bot.slack.socket import Socket
from bot.store.migrate import migrate
from bot.store.session import Store
from bot.words import Words
from scheduler.pace import UNLIMITED

SHOWN = (STUDENT, "okafor", "reyes", "amal", "yusuf", "tan", "bell", "mateo")
"""Whose direct messages are in the page from the start: hers and her adults', the coordinator's, the counselor's, and
those of a student who is spoken to in Spanish."""

_LOOK_EVERY = 0.5
_TRY = (
    ("Noor Haddad", "the student: in her direct message type hello,"),
    ("", "tap Start, answer; menu shows all parts, and under"),
    ("", "Your agenda she approves it."),
    ("Ms. Okafor", "her advisor: her students, a piece of work to choose."),
    ("Yusuf Haddad", "her father: in the channel, an answer, a note of pride."),
    ("Mr. Tan", "the coordinator: the whole school."),
    ("Mateo Ríos", "a student in Spanish."),
)
_BESIDES = (
    "One's direct message with the coach stands in the list under one's own name.",
    "In real Slack people are in the channel, the agenda is pinned, and dates",
    "are in the reader's own time. The stand-in can do none of this; the bot",
    "tells Ms. Okafor whom it could not invite, as it would there.",
)


def show(port: int, page: Page | None = None) -> None:
    """Show the demo on a port of this machine until it is told to end. Nothing is kept.

    CoachError says why it cannot be.
    """
    page = page or Page()
    found = program(os.environ, page.line)
    ended = _signalled()
    with opened(found, port) as there:
        _tell(page, there.url)
        while not ended.wait(_LOOK_EVERY):
            there.require_running()
        page.line("Ending …")
    page.line("Ended. Nothing was kept.")


@contextmanager
def opened(found: Path, port: int) -> Iterator[Workspace]:
    """The sample school in a running local-slack, with the bot in it. First the bot is ended, then local-slack."""
    logs.take_over(logging.ERROR)
    require_free(port)
    words = Words.load()
    now = datetime.now(UTC)
    school = school_near(now, words.catalog.languages)
    with tempfile.TemporaryDirectory(prefix="conference-coach-") as name:
        folder = Path(name)
        with workspace(found, school, SHOWN, folder, port) as there:
            settings = Settings(
                bot_token=there.bot_token, app_token=there.app_token, api_url=there.api_url,
                database_url=f"sqlite:///{folder / 'coach.db'}",
            )  # fmt: skip
            _load(settings, school, now)
            with _running(settings, words):
                yield there


def _load(settings: Settings, school: School, now: datetime) -> None:
    store = Store(settings.database_url)
    migrate(store)
    with store.write() as connection:
        load_school(connection, TEAM, school, loaded_at(school, now))
        members = [Member(slack_id(one), one.email, school.time_zone) for one in school.people if one.email]
        match_members(connection, TEAM, members)
    store.close()


@contextmanager
def _running(settings: Settings, words: Words) -> Iterator[Bot]:
    """The bot, taking in and sending. There is no pace to keep to here: the stand-in has no limits."""
    bot = build(settings, words, limits=UNLIMITED)
    try:
        ready(bot)
        socket = Socket(bot.answer, settings.app_token, settings.api_url)
        bot.start()
        try:
            socket.open()
            yield bot
        finally:
            socket.close()
    finally:
        bot.stop()


def _tell(page: Page, url: str) -> None:
    page.title(
        "Conference Coach", f"Open {url} in a browser.", "The bot is real; its Slack is local-slack, a stand-in."
    )
    page.heading("Who to be", "Act as, at the top of the page")
    for who, what in _TRY:
        page.line(f"  {who:13} {what}")
    page.line()
    for line in _BESIDES:
        page.line(line, "dim")
    page.line()
    page.line("Ctrl-C ends it; nothing is kept.")


def _signalled() -> threading.Event:
    """Set by what ends it: Ctrl-C, SIGTERM, and the terminal being closed."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # SIGHUP is not everywhere
            signal.signal(getattr(signal, name), end)
    return ended
