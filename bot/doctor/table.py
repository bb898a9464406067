"""The checks, in the order in which they are made: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.doctor.checks import database, machine, mail, roster, school, sending, slack, variables, words
from bot.doctor.finding import Finding
from bot.doctor.look import Look
from bot.settings import Name


class Group(StrEnum):
    """What a check is about, as a technician would ask for it."""

    MACHINE = "This machine"
    SETTINGS = "Settings"
    SLACK = "Slack"
    DATABASE = "Database"
    SCHOOL = "School"
    PEOPLE = "People"
    WORDS = "Words"
    MAIL = "E-mail"
    SENDING = "Sending"


@dataclass(frozen=True)
class Check:
    """A check by its name, which stays. `needs`: those without which it cannot be made; they stand before it."""

    group: Group
    name: str
    check: Callable[[Look], Finding]
    needs: tuple[str, ...] = ()


_DATABASE = ("migrations",)
_LOADED = ("school loaded",)
_TERM = ("term",)

CHECKS: tuple[Check, ...] = (
    Check(Group.MACHINE, "python", machine.python),
    Check(Group.MACHINE, "time zones", machine.zones),
    *(Check(Group.SETTINGS, name.value, variables.variable(name)) for name in Name),
    Check(Group.SETTINGS, "names", variables.names),
    Check(Group.SLACK, "slack", slack.slack, (Name.API_URL,)),
    Check(Group.SLACK, "clock", slack.clock, ("slack",)),
    Check(Group.SLACK, "bot token", slack.bot_token, (Name.BOT_TOKEN, "slack")),
    Check(Group.SLACK, "scopes", slack.scopes, ("bot token",)),
    Check(Group.SLACK, "scopes to spare", slack.spare_scopes, ("bot token",)),
    Check(Group.SLACK, "app token", slack.app_token, (Name.APP_TOKEN, "slack")),
    Check(Group.SLACK, "socket", slack.socket, ("app token", Name.DATABASE_URL)),
    Check(Group.SLACK, "one app", slack.one_app, ("bot token", "socket")),
    Check(Group.DATABASE, "disk", machine.disk, (Name.DATABASE_URL,)),
    Check(Group.DATABASE, "disk kept", database.kept, (Name.DATABASE_URL,)),
    Check(Group.DATABASE, "database", database.database, (Name.DATABASE_URL, Name.ENCRYPTION_KEYS)),
    Check(Group.DATABASE, "written", database.written, ("database",)),
    Check(Group.DATABASE, "migrations", database.migrations, ("database",)),
    Check(Group.DATABASE, "copy", database.copied, _DATABASE),
    Check(Group.DATABASE, "keys", database.keys, _DATABASE),
    Check(Group.DATABASE, "erasures", database.erasures, (Name.ERASURES, Name.DATABASE_URL)),
    Check(Group.SCHOOL, "folder", school.folder, (Name.SCHOOL_DIR,)),
    Check(Group.SCHOOL, "school loaded", school.loaded, _DATABASE),
    Check(Group.SCHOOL, "term", school.term, _LOADED),
    Check(Group.SCHOOL, "school days", school.school_days, _TERM),
    Check(Group.SCHOOL, "days off", school.days_off, _TERM),
    Check(Group.PEOPLE, "counselors", roster.counselors, _LOADED),
    Check(Group.PEOPLE, "coordinator", roster.coordinator, _LOADED),
    Check(Group.PEOPLE, "advisors", roster.advisors, _LOADED),
    Check(Group.PEOPLE, "students", roster.students, _LOADED),
    Check(Group.PEOPLE, "families", roster.families, _LOADED),
    Check(Group.PEOPLE, "conferences", roster.conferences, _TERM),
    Check(Group.PEOPLE, "conference days", roster.conference_days, _LOADED),
    Check(Group.WORDS, "prompts", words.prompts, (Name.SCHOOL_DIR,)),
    Check(Group.WORDS, "cadence", words.cadence, _LOADED),
    Check(Group.MAIL, "mail server", mail.server, (Name.SMTP_URL, Name.MAIL_FROM)),
    Check(Group.SENDING, "due", sending.due, _LOADED),
    Check(Group.SENDING, "unknown", sending.unknown, _LOADED),
    Check(Group.SENDING, "dead", sending.dead, _LOADED),
)
