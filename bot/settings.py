"""Settings, read once from the environment and handed on; a secret is never shown."""

from __future__ import annotations

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


class Name(StrEnum):
    """The variables that are read."""

    BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105 - a name
    APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105
    SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105
    API_URL = "SLACK_API_URL"
    DATABASE_URL = "DATABASE_URL"
    SCHOOL_DIR = "SCHOOL_DIR"
    SMTP_URL = "SMTP_URL"
    MAIL_FROM = "MAIL_FROM"
    ENCRYPTION_KEYS = "ENCRYPTION_KEYS"
    ERASURES = "ERASURES"


HOW_TO_GET = {
    Name.BOT_TOKEN: "Copy it from your Slack app's page, OAuth & Permissions, Bot User OAuth Token (xoxb-…).",
    Name.APP_TOKEN: "Make one on your Slack app's page, Basic Information, App-Level Tokens, with the scope "
    "connections:write (xapp-…).",
    Name.SIGNING_SECRET: "Copy it from your Slack app's page, Basic Information, Signing Secret.",
    Name.API_URL: f"Leave it out for Slack itself ({SLACK_API}).",
    Name.DATABASE_URL: f"Leave it out for a file here ({DATABASE}), or write postgresql://user:password@host/name.",
    Name.SCHOOL_DIR: "Name the folder that holds school.toml, roster.csv and conferences.csv.",
    Name.SMTP_URL: "Write smtp://user:password@host:587 (encrypted where the server can) or "
    "smtps://user:password@host:465; leave it out, with MAIL_FROM, if no e-mail is to be sent.",
    Name.MAIL_FROM: "Write the address e-mail comes from: coach@school.example, or "
    "Hillside School <coach@school.example>.",
    Name.ENCRYPTION_KEYS: "Write id:key for each, separated by commas; the first one seals, all of them open. "
    "Have one made: conference-coach keys new",
    Name.ERASURES: "Name the file that keeps who was erased, in a folder that is there and not restored from the same "
    "backup as the database; leave it out for conference-coach.erasures beside a SQLite file, or else here.",
}


@dataclass(frozen=True)
class Settings:
    """What the environment says. Secrets and the database's address stay out of `repr`; "" is one not given."""

    bot_token: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)
    api_url: str = SLACK_API
    database_url: str = field(default=DATABASE, repr=False)
    school_dir: Path | None = None
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    encryption_keys: str = field(default="", repr=False)
    erasures: Path | None = None

    @property
    def mail(self) -> Server | None:
        """The mail server; None where no e-mail is sent."""
        return Server.read(self.smtp_url, self.mail_from) if self.smtp_url else None

    @property
    def keyring(self) -> Keyring:
        """The keys that words are sealed with in the database."""
        return Keyring.read(self.encryption_keys)

    @classmethod
    def read(cls, environ: Mapping[str, str], needs: Collection[Name] = ()) -> Settings:
        """The settings; `needs` are the variables the command cannot do without.

        Raises SettingsError naming everything that is missing or wrong, each with its remedy and never its value.
        """
        given = {name: environ.get(name, "").strip() for name in Name}
        pair = [name for name in _TOGETHER if not given[name]]
        needed = {*needs, *(pair if len(pair) < len(_TOGETHER) else ())}
        problems = [f"{name}: It is missing. {HOW_TO_GET[name]}" for name in Name if name in needed and not given[name]]
        problems += [
            f"{name}: {fault} {HOW_TO_GET[name]}"
            for name in Name
            if given[name] and (fault := _FAULTS[name](given[name]))
        ]
        if problems:
            raise SettingsError(problems)
        return cls(
            bot_token=given[Name.BOT_TOKEN],
            app_token=given[Name.APP_TOKEN],
            signing_secret=given[Name.SIGNING_SECRET],
            api_url=given[Name.API_URL].rstrip("/") + "/" if given[Name.API_URL] else SLACK_API,
            database_url=given[Name.DATABASE_URL] or DATABASE,
            school_dir=Path(given[Name.SCHOOL_DIR]) if given[Name.SCHOOL_DIR] else None,
            smtp_url=given[Name.SMTP_URL],
            mail_from=given[Name.MAIL_FROM],
            encryption_keys=given[Name.ENCRYPTION_KEYS],
            erasures=Path(given[Name.ERASURES]) if given[Name.ERASURES] else None,
        )


_TOGETHER = (Name.SMTP_URL, Name.MAIL_FROM)
"""One is of no use without the other."""

_TOKEN = re.compile(r"[A-Za-z0-9._-]+")


def _token(prefix: str) -> Callable[[str], str]:
    def fault(value: str) -> str:
        if not value.startswith(prefix):
            return f"It does not begin with {prefix}."
        return "" if _TOKEN.fullmatch(value) else "It has characters in it that no token has."

    return fault


def _signing_secret(value: str) -> str:
    return "It looks like a token." if value.startswith("x") and "-" in value else ""


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
    return "" if Path(value).is_dir() else "There is no such folder."


def _erasures(value: str) -> str:
    return "" if Path(value).resolve().parent.is_dir() and not Path(value).is_dir() else "It cannot be a file."


_FAULTS: Mapping[Name, Callable[[str], str]] = {
    Name.BOT_TOKEN: _token("xoxb-"),
    Name.APP_TOKEN: _token("xapp-"),
    Name.SIGNING_SECRET: _signing_secret,
    Name.API_URL: _api_url,
    Name.DATABASE_URL: _database_url,
    Name.SCHOOL_DIR: _school_dir,
    Name.SMTP_URL: url_fault,
    Name.MAIL_FROM: sender_fault,
    Name.ENCRYPTION_KEYS: keys_fault,
    Name.ERASURES: _erasures,
}
