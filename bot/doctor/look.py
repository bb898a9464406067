"""What the checks look at. Each thing is looked at once, when the first check asks for it, and nothing is changed."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from bot.doctor.roll import Roll, read_roll
from bot.doctor.slackline import Heard, SlackLine, hello
from bot.errors import SchoolError, SettingsError
from bot.school import School, read_school
from bot.school.schools import by_workspace, folders
from bot.services.installing import installed
from bot.services.roster.school import names
from bot.settings import Name, Settings, fault
from bot.slack.manifest import manifest
from bot.store import alone
from bot.store.session import Store
from bot.words import overlays
from prompts import MOST_FILES, Catalog, PromptsError

MAIL = (Name.SMTP_URL, Name.MAIL_FROM)
SEVERAL = (Name.CLIENT_ID, Name.CLIENT_SECRET)


def _now() -> datetime:
    return datetime.now(UTC)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class Machine:
    """This machine: its clock, its Python, and how many bytes are free where a folder is."""

    clock: Callable[[], datetime] = _now
    python: tuple[int, int, int] = field(default_factory=lambda: sys.version_info[:3])
    free: Callable[[Path], int] = _free


class Look:
    """An installation, as its variables describe it. `workspace`: which school, where the database has several."""

    def __init__(self, environ: Mapping[str, str], machine: Machine | None = None, workspace: str = "") -> None:
        self.environ = environ
        self.machine = machine or Machine()
        self.now = self.machine.clock()
        self.given = {name: environ.get(name, "").strip() for name in Name}
        self.wanted = workspace
        self._schools: dict[Path, School | SchoolError] = {}

    def close(self) -> None:
        """Let go of what was opened."""
        opened = self.__dict__
        if "slack" in opened:
            self.slack.close()
        if "store" in opened:
            self.store.close()

    # --- settings ------------------------------------------------------------------------------------------------

    @cached_property
    def faults(self) -> Mapping[Name, str]:
        """What is wrong with the variables that are given."""
        return {name: wrong for name, value in self.given.items() if value and (wrong := fault(name, value))}

    @cached_property
    def settings(self) -> Settings:
        """What the variables say that nothing is wrong with."""
        good: dict[str, str] = {one: text for one, text in self.given.items() if text and one not in self.faults}
        try:
            return Settings.read(good)
        except SettingsError:  # some do not go together, which has checks of its own
            kept = {one: text for one, text in good.items() if one not in (*MAIL, *SEVERAL)}
            return Settings.read(kept)

    # --- Slack ---------------------------------------------------------------------------------------------------

    @cached_property
    def slack(self) -> SlackLine:
        """The way to Slack."""
        return SlackLine(self.settings.api_url, self.machine.clock)

    @cached_property
    def greeting(self) -> Heard:
        """What Slack says to anybody."""
        return self.slack.ask("api.test")

    @cached_property
    def tokens(self) -> Mapping[str, str]:
        """The bot's tokens, by workspace: the one of the variable under "", or those of whoever installed the app."""
        if not self.settings.several:
            return {"": self.settings.bot_token}
        there = {one.workspace: one.token for one in installed(self.store)}
        return {one: token for one, token in there.items() if self.wanted in ("", one)}

    @cached_property
    def identities(self) -> Mapping[str, Heard]:
        """Who Slack says the bot is, by workspace as for its tokens."""
        return {workspace: self.slack.ask("auth.test", token) for workspace, token in self.tokens.items()}

    @property
    def identity(self) -> Heard:
        """The same, where the bot has one token; of several the first."""
        return next(iter(self.identities.values()))

    @cached_property
    def ticket(self) -> Heard:
        """Where Slack says a socket can be opened."""
        return self.slack.ask("apps.connections.open", self.settings.app_token)

    @cached_property
    def hello(self) -> Mapping[str, Any] | str:
        """What Slack says first on a socket, or why nothing was heard."""
        return hello(str(self.ticket.reply.data["url"]))

    @cached_property
    def bot_user(self) -> Heard:
        """The bot as one of the workspace's users."""
        user = str(self.identity.reply.data.get("user_id", ""))
        return self.slack.ask("users.info", next(iter(self.tokens.values())), {"user": user})

    @cached_property
    def wanted_scopes(self) -> frozenset[str]:
        """The scopes the manifest asks for."""
        return frozenset(manifest()["oauth_config"]["scopes"]["bot"])

    # --- the database --------------------------------------------------------------------------------------------

    @cached_property
    def database(self) -> Path | None:
        """The SQLite file; None where the database is not one."""
        url = make_url(self.settings.database_url)
        named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
        return Path(str(url.database)).absolute() if named else None

    @cached_property
    def at_work(self) -> bool:
        """Whether `run` is at work on this SQLite file, as far as this user may know."""
        try:
            return alone.taken(self.settings.database_url)
        except PermissionError:
            return False

    @cached_property
    def store(self) -> Store:
        """The database, only to be read. Each look at it is a transaction of its own: the bot may be at work."""
        return Store(self.settings.database_url, self.settings.keyring, looks=True)

    @cached_property
    def schools(self) -> Mapping[str, str]:
        """What every loaded school is called, by workspace."""
        with self.store.read() as connection:
            return names(connection)

    @cached_property
    def roll(self) -> Roll:
        """The school that was loaded for this workspace."""
        with self.store.read() as connection:
            return read_roll(connection, self.workspace, self.now)

    @cached_property
    def workspace(self) -> str:
        """Which workspace this is about: as wanted, the token's, or that of the only school; "" where that is open."""
        if self.wanted:
            return self.wanted
        if self.settings.bot_token and not self.greeting.reply.fault and self.identity.reply.ok:
            return str(self.identity.reply.data["team_id"])
        with suppress(ValueError):
            (only,) = self.schools
            return only
        return ""

    # --- the schools' folders ------------------------------------------------------------------------------------

    @property
    def several(self) -> bool:
        """Whether the app is for several workspaces, whose schools each have a folder."""
        return bool(self.given[Name.CLIENT_ID])

    @cached_property
    def closed(self) -> str:
        """What is read of the schools' folders and this user may not open, the first of it; "" if nothing."""
        try:
            for folder in self._all_folders():
                os.listdir(folder)
                for own in overlays(folder):
                    _refuse_closed(own)
        except PermissionError as error:
            return str(error.filename)
        return ""

    @cached_property
    def misplaced(self) -> SchoolError | None:
        """Why it is not clear which folder is for which of several workspaces."""
        where = self.settings.school_dir
        if where is None or self.closed or not self.several:
            return None
        try:
            by_workspace(where)
        except SchoolError as error:
            return error
        return None

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The schools' folders: the only one; of several all, or that of the workspace that is wanted."""
        if self.settings.school_dir is None or self.closed:
            return ()
        if not (self.several and self.wanted):
            return self._all_folders()
        placed = {} if self.misplaced else by_workspace(self.settings.school_dir)
        return (placed[self.wanted],) if self.wanted in placed else ()

    def school_of(self, folder: Path) -> School | SchoolError:
        """The school as a folder describes it, or all that is wrong with that."""
        if folder not in self._schools:
            try:
                self._schools[folder] = read_school(folder, self._languages_of(folder), self.now)
            except SchoolError as error:
                self._schools[folder] = error
        return self._schools[folder]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages there are words in, without those of a school's own."""
        return tuple(Catalog.load().languages)

    def _languages_of(self, folder: Path) -> tuple[str, ...]:
        """The same with a school's own; ours alone where those cannot be read."""
        with suppress(PromptsError):
            if own := overlays(folder):
                return tuple(Catalog.load(*own).languages)
        return self.languages

    def _all_folders(self) -> tuple[Path, ...]:
        where = self.settings.school_dir
        if where is None or not self.several:
            return (where,) if where else ()
        with suppress(SchoolError):  # there is none, which `misplaced` tells
            return folders(where)
        return ()


def _refuse_closed(words: Path) -> None:
    """Raise PermissionError, which names it, for a file or folder of a school's own words that may not be opened."""
    for at, _, files in islice(os.walk(words, onerror=_refuse), MOST_FILES):
        for file in (os.path.join(at, name) for name in files):
            if os.path.isfile(file) and not os.access(file, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), file)


def _refuse(error: OSError) -> None:
    raise error
