"""The variables: each for itself, and what looks like one and is none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.doctor.finding import Finding, doubtful, failed, fine, listed, unseen
from bot.doctor.look import MAIL, SEVERAL, Look
from bot.settings import HOW_TO_GET, READABLE, Name, how_to_mend

MEANT = 0.8
"""How alike two names are of which one is a slip of the pen."""

_SECRET = re.compile(r"[0-9a-f]{32}")
_HERE = ("localhost", "127.0.0.1", "::1")
_QUOTED = re.compile(r"""["'].*|.*["']""", re.DOTALL)
_OTHERS = re.compile(r"SLACK_CLI_.*")
"""Slack's own, for its command line."""


def variable(name: Name) -> Callable[[Look], Finding]:
    """The check of one variable."""

    def check(look: Look) -> Finding:
        value = look.given[name]
        if not value:
            return _LEFT_OUT.get(name, _optional)(look, name)
        if _QUOTED.fullmatch(value):
            return failed("It stands in quotation marks, which count as part of it.", name, "Take them off.")
        if wrong := look.faults.get(name):
            return failed(wrong, name, how_to_mend(name, value))
        if name is Name.BOT_TOKEN and look.given[Name.CLIENT_ID]:
            remedy = f"Leave one of the two out: for several workspaces this one, for one {' and '.join(SEVERAL)}."
            return failed(f"It is of one workspace, and {Name.CLIENT_ID} is for several.", name, remedy)
        return _DOUBTS.get(name, _no_doubt)(look, name)

    return check


def names(look: Look) -> Finding:
    """Whether a variable that is read is missing while one with nearly its name is there."""
    unread = sorted(one for one in look.environ if one not in set(Name) and not _OTHERS.fullmatch(one))
    missing = [str(name) for name in Name if not look.given[name] and "_" in name]  # not HOST, which is like others
    slips = {one: close[0] for one in unread if (close := difflib.get_close_matches(one, missing, 1, MEANT))}
    if not slips:
        return fine("None is misspelled.")
    remedy = "; ".join(f"Write {meant} instead of {one}" for one, meant in slips.items())
    return doubtful(f"Nobody reads {listed([*slips])}.", next(iter(slips)), f"{remedy}, if that is what is meant.")


# --- left out ----------------------------------------------------------------------------------------------------


def _optional(_look: Look, name: Name) -> Finding:
    return fine("Left out.", name)


def _bot_token(look: Look, name: Name) -> Finding:
    if look.given[Name.CLIENT_ID]:
        return fine("Left out: every workspace's own is in the database.", name)
    return failed("It is missing.", name, HOW_TO_GET[name])


def _keys(look: Look, name: Name) -> Finding:
    if look.given[Name.CLIENT_ID]:
        return failed(
            "It is missing: the tokens of several workspaces are never kept in plain.", name, HOW_TO_GET[name]
        )
    return _optional(look, name)


def _app_token(look: Look, name: Name) -> Finding:
    if look.given[Name.SIGNING_SECRET]:
        return unseen(f"{Name.SIGNING_SECRET} is there for web; run needs an app token", name)
    remedy = f"{HOW_TO_GET[name]} (Behind a load balancer, with web, {Name.SIGNING_SECRET} instead.)"
    return failed("It is missing, so that nothing can come in.", name, remedy)


def _signing_secret(_look: Look, name: Name) -> Finding:
    return unseen("only web needs one", name)


def _folder(look: Look, name: Name) -> Finding:
    if look.given[Name.CLIENT_ID]:
        return _optional(look, name)
    return doubtful("It is left out, so that the school's own words in prompts/ are not said.", name, HOW_TO_GET[name])


def _half(pair: tuple[Name, Name], because: str) -> Callable[[Look, Name], Finding]:
    """Of two that go together; `because`: what it means that neither is there."""

    def check(look: Look, name: Name) -> Finding:
        (other,) = (one for one in pair if one is not name)
        if look.given[other]:
            return failed(f"It is missing, and {other} is of no use without it.", name, HOW_TO_GET[name])
        return unseen(because, name)

    return check


_LEFT_OUT: dict[Name, Callable[[Look, Name], Finding]] = {
    Name.BOT_TOKEN: _bot_token,
    Name.APP_TOKEN: _app_token,
    Name.SIGNING_SECRET: _signing_secret,
    Name.SCHOOL_DIR: _folder,
    Name.ENCRYPTION_KEYS: _keys,
    **dict.fromkeys(MAIL, _half(MAIL, "no e-mail is to be sent")),
    **dict.fromkeys(SEVERAL, _half(SEVERAL, "the bot is for one workspace")),
}


# --- given, and yet doubtful -------------------------------------------------------------------------------------


def _no_doubt(_look: Look, name: Name) -> Finding:
    return fine("It is well formed.", name)


def _known_secret(look: Look, name: Name) -> Finding:
    if not _SECRET.fullmatch(look.given[name]):
        return doubtful("It is not 32 digits and letters from a to f, as Slack's are.", name, HOW_TO_GET[name])
    return _no_doubt(look, name)


def _encrypted_way(look: Look, name: Name) -> Finding:
    parts = urlsplit(look.given[name])
    if parts.scheme == "http" and parts.hostname not in _HERE:
        return doubtful("Tokens and words go there for all to read.", name, "Write https:// in it, or leave it out.")
    return _no_doubt(look, name)


def _shared(look: Look, name: Name) -> Finding:
    """Without an app token it is web that takes in, with workers beside it: they share a database."""
    over_http = look.given[Name.SIGNING_SECRET] and not look.given[Name.APP_TOKEN]
    if over_http and look.settings.database_url.startswith("sqlite"):
        remedy = f"Write postgresql://user:password@host/name; or set {Name.APP_TOKEN}, for run."
        return failed("SQLite is for run alone; web and its workers need PostgreSQL.", name, remedy)
    return _no_doubt(look, name) if look.given[name] else _optional(look, name)


def _opened(look: Look, name: Name) -> Finding:
    if look.closed:
        return failed(f"This user may not open {look.closed}.", name, READABLE)
    return _no_doubt(look, name)


_DOUBTS: dict[Name, Callable[[Look, Name], Finding]] = {
    Name.SIGNING_SECRET: _known_secret,
    Name.API_URL: _encrypted_way,
    Name.DATABASE_URL: _shared,
    Name.SCHOOL_DIR: _opened,
}
_LEFT_OUT[Name.DATABASE_URL] = _shared
