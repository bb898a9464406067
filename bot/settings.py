"""Settings, read once from the environment and handed on; a secret is never shown."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import SettingsError
from bot.mailserver import Server, sender_fault, url_fault
from bot.store.keyring import Keyring
from bot.store.keyring import fault as keys_fault

SLACK_API = "https://www.slack.com/api/"
DATABASE = "sqlite:///conference-coach.db"
HOST, PORT = "0.0.0.0", 8000  # noqa: S104 - in a container, and on a platform, it is asked from outside
WEB_CONCURRENCY, WEB_THREADS = 1, 16
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FORMATS = ("text", "json")


class Name(StrEnum):
    """The variables that are read."""

    BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105 - a name
    APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105
    SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105
    CLIENT_ID = "SLACK_CLIENT_ID"
    CLIENT_SECRET = "SLACK_CLIENT_SECRET"  # noqa: S105
    API_URL = "SLACK_API_URL"
    DATABASE_URL = "DATABASE_URL"
    SCHOOL_DIR = "SCHOOL_DIR"
    SMTP_URL = "SMTP_URL"
    MAIL_FROM = "MAIL_FROM"
    ENCRYPTION_KEYS = "ENCRYPTION_KEYS"
    ERASURES = "ERASURES"
    HOST = "HOST"
    PORT = "PORT"
    WEB_CONCURRENCY = "WEB_CONCURRENCY"
    WEB_THREADS = "WEB_THREADS"
    HEALTH_ADDRESS = "HEALTH_ADDRESS"
    LOG_LEVEL = "LOG_LEVEL"
    LOG_FORMAT = "LOG_FORMAT"
    DISK_KEPT = "DISK_KEPT"


HOW_TO_GET = {
    Name.BOT_TOKEN: "Copy it from your Slack app's page, OAuth & Permissions, Bot User OAuth Token (xoxb-…).",
    Name.APP_TOKEN: "Make one on your Slack app's page, Basic Information, App-Level Tokens, with the scope "
    "connections:write (xapp-…).",
    Name.SIGNING_SECRET: "Copy it from your Slack app's page, Basic Information, Signing Secret.",
    Name.CLIENT_ID: "For several workspaces, copy it from your Slack app's page, Basic Information, Client ID; for "
    "one, leave it out, with SLACK_CLIENT_SECRET.",
    Name.CLIENT_SECRET: "Copy it from your Slack app's page, Basic Information, Client Secret.",
    Name.API_URL: f"Leave it out for Slack itself ({SLACK_API}).",
    Name.DATABASE_URL: f"Leave it out for a file here ({DATABASE}), or write postgresql://user:password@host/name.",
    Name.SCHOOL_DIR: "Name the folder that holds school.toml, roster.csv and conferences.csv; or, for several "
    "schools, the folder of theirs.",
    Name.SMTP_URL: "Write smtp://user:password@host:587 (encrypted where the server can) or "
    "smtps://user:password@host:465; leave it out, with MAIL_FROM, if no e-mail is to be sent.",
    Name.MAIL_FROM: "Write the address e-mail comes from: coach@school.example, or "
    "Hillside School <coach@school.example>.",
    Name.ENCRYPTION_KEYS: "Write id:key for each, separated by commas; the first one seals, all of them open. "
    "Have one made: conference-coach keys new",
    Name.ERASURES: "Name the file that keeps who was erased, in a folder that is there and not restored from the same "
    "backup as the database; leave it out for conference-coach.erasures beside a SQLite file, or else here.",
    Name.HOST: "Write the address of this machine that web listens at; leave it out for all it has.",
    Name.PORT: f"Write the port that web listens at, a number up to 65535; leave it out for {PORT}.",
    Name.WEB_CONCURRENCY: f"Write how many processes web has, 1 to 64; leave it out for {WEB_CONCURRENCY}.",
    Name.WEB_THREADS: f"Write how many threads each process of web has, 1 to 200; leave it out for {WEB_THREADS}.",
    Name.HEALTH_ADDRESS: "Write where /livez, /readyz and /metrics are for you alone: 127.0.0.1:8081; leave it out for "
    "nowhere.",
    Name.LOG_LEVEL: "Write debug, info, warning or error; leave it out for info.",
    Name.LOG_FORMAT: "Write text, or json for an object a line; leave it out for text.",
    Name.DISK_KEPT: "Write yes if this machine's disk is there again after a restart; leave it out to have that found "
    "out.",
}

READABLE = "Make it readable for this user."


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says. Secrets and the database's address stay out of `repr`; "" is one not given."""

    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    api_url: str = SLACK_API
    database_url: str = field(default=DATABASE, repr=False)
    school_dir: Path | None = None
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    encryption_keys: str = field(default="", repr=False)
    erasures: Path | None = None
    host: str = HOST
    port: int = PORT
    web_concurrency: int = WEB_CONCURRENCY
    web_threads: int = WEB_THREADS
    health_address: str = ""
    log_level: int = logging.INFO
    log_format: str = FORMATS[0]

    @property
    def mail(self) -> Server | None:
        """The mail server; None where no e-mail is sent."""
        return Server.read(self.smtp_url, self.mail_from) if self.smtp_url else None

    @property
    def several(self) -> bool:
        """Whether workspaces install the app themselves, by OAuth; else it is the one of the bot token."""
        return bool(self.client_id)

    @property
    def keyring(self) -> Keyring:
        """The keys that words are sealed with in the database."""
        return Keyring.read(self.encryption_keys)

    @classmethod
    def read(cls, environ: Mapping[str, str], needs: Collection[Name] = ()) -> Settings:
        """The settings; `needs` are the variables the command cannot do without.

        Raises SettingsError naming everything that is missing or wrong, each with its remedy and never its value,
        but for the path of the school's folder.
        """
        given = {name: environ.get(name, "").strip() for name in Name}
        needed = {*needs, *(name for together in _TOGETHER for name in together if any(map(given.get, together)))}
        if given[Name.CLIENT_ID]:  # the tokens are in the database, and never in plain
            needed = {*needed, Name.ENCRYPTION_KEYS} - {Name.BOT_TOKEN}
        problems = [f"{name}: It is missing. {HOW_TO_GET[name]}" for name in Name if name in needed and not given[name]]
        problems += [
            f"{name}: {wrong} {how_to_mend(name, given[name])}"
            for name in Name
            if given[name] and (wrong := fault(name, given[name]))
        ]
        if given[Name.CLIENT_ID] and given[Name.BOT_TOKEN]:
            problems.append(f"{Name.BOT_TOKEN}: It is of one workspace. {_ONE_OR_SEVERAL}")
        if problems:
            raise SettingsError(problems)
        return cls(
            bot_token=given[Name.BOT_TOKEN],
            app_token=given[Name.APP_TOKEN],
            signing_secret=given[Name.SIGNING_SECRET],
            client_id=given[Name.CLIENT_ID],
            client_secret=given[Name.CLIENT_SECRET],
            api_url=given[Name.API_URL].rstrip("/") + "/" if given[Name.API_URL] else SLACK_API,
            database_url=given[Name.DATABASE_URL] or DATABASE,
            school_dir=Path(given[Name.SCHOOL_DIR]) if given[Name.SCHOOL_DIR] else None,
            smtp_url=given[Name.SMTP_URL],
            mail_from=given[Name.MAIL_FROM],
            encryption_keys=given[Name.ENCRYPTION_KEYS],
            erasures=Path(given[Name.ERASURES]) if given[Name.ERASURES] else None,
            host=given[Name.HOST] or HOST,
            port=int(given[Name.PORT] or PORT),
            web_concurrency=int(given[Name.WEB_CONCURRENCY] or WEB_CONCURRENCY),
            web_threads=int(given[Name.WEB_THREADS] or WEB_THREADS),
            health_address=given[Name.HEALTH_ADDRESS],
            log_level=LEVELS[given[Name.LOG_LEVEL].lower() or "info"],
            log_format=given[Name.LOG_FORMAT].lower() or FORMATS[0],
        )


def fault(name: Name, value: str) -> str:
    """What is wrong with a variable's value, without showing it unless it is a folder; "" if nothing."""
    return _FAULTS[name](value)


def how_to_mend(name: Name, value: str) -> str:
    """What to do about a variable's value that is wrong."""
    closed = name is Name.SCHOOL_DIR and isinstance(_not_opened(value), PermissionError)
    return READABLE if closed else HOW_TO_GET[name]


_TOGETHER = ((Name.SMTP_URL, Name.MAIL_FROM), (Name.CLIENT_ID, Name.CLIENT_SECRET))
"""Of each, one is of no use without the other."""

_ONE_OR_SEVERAL = f"Leave it out where {Name.CLIENT_ID} is set, or leave that out, with {Name.CLIENT_SECRET}, for one."

_TOKEN = re.compile(r"[A-Za-z0-9._-]+")


def _token(prefix: str) -> Callable[[str], str]:
    def fault(value: str) -> str:
        if not value.startswith(prefix):
            return f"It does not begin with {prefix}."
        return "" if _TOKEN.fullmatch(value) else "It has characters in it that no token has."

    return fault


def _signing_secret(value: str) -> str:
    return "It looks like a token." if value.startswith("x") and "-" in value else ""


def _client_id(value: str) -> str:
    return "" if re.fullmatch(r"[0-9]+\.[0-9]+", value) else "It is not two numbers with a dot between them."


def _api_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    return "" if good else "It is not an http:// or https:// address."


def _database_url(value: str) -> str:
    try:
        backend = make_url(value).get_backend_name()
    except (ArgumentError, ValueError):
        return "It is not a database address."
    return "" if backend in ("sqlite", "postgresql", "postgres") else "It is neither SQLite nor PostgreSQL."


def _school_dir(value: str) -> str:
    error = _not_opened(value)
    if error is None:
        return ""
    what = "This user may not open the folder" if isinstance(error, PermissionError) else "There is no such folder:"
    return f"{what} {Path(value).absolute()}."


def _not_opened(folder: str) -> Exception | None:
    """Why a folder, and what is in it, cannot be opened."""
    try:
        os.listdir(f"{folder}/.")  # with the dot the folder must be one that may be entered, too
    except (OSError, ValueError) as error:
        return error
    return None


def _erasures(value: str) -> str:
    return "" if Path(value).resolve().parent.is_dir() and not Path(value).is_dir() else "It cannot be a file."


def _host(value: str) -> str:
    return "" if re.fullmatch(r"[A-Za-z0-9.:-]+", value) else "It is not the address of a machine."


def _number(most: int) -> Callable[[str], str]:
    def fault(value: str) -> str:
        good = re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= most
        return "" if good else f"It is not a number from 1 to {most}."

    return fault


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    good = re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host) and not _number(65_535)(port)
    return "" if good else "It is not an address with a port."


def _one_of(values: Collection[str]) -> Callable[[str], str]:
    def fault(value: str) -> str:
        return "" if value.lower() in values else f"It is not {' or '.join(values)}."

    return fault


_FAULTS: Mapping[Name, Callable[[str], str]] = {
    Name.BOT_TOKEN: _token("xoxb-"),
    Name.APP_TOKEN: _token("xapp-"),
    Name.SIGNING_SECRET: _signing_secret,
    Name.CLIENT_ID: _client_id,
    Name.CLIENT_SECRET: _signing_secret,
    Name.API_URL: _api_url,
    Name.DATABASE_URL: _database_url,
    Name.SCHOOL_DIR: _school_dir,
    Name.SMTP_URL: url_fault,
    Name.MAIL_FROM: sender_fault,
    Name.ENCRYPTION_KEYS: keys_fault,
    Name.ERASURES: _erasures,
    Name.HOST: _host,
    Name.PORT: _number(65_535),
    Name.WEB_CONCURRENCY: _number(64),
    Name.WEB_THREADS: _number(200),
    Name.HEALTH_ADDRESS: _address,
    Name.LOG_LEVEL: _one_of(LEVELS),
    Name.LOG_FORMAT: _one_of(FORMATS),
    Name.DISK_KEPT: _one_of(("yes",)),
}
