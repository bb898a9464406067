"""users.*: finding people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.practice.message import Json
from bot.practice.methods.pages import page
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace

_EMAIL = "users:read.email"


def info(workspace: PracticeWorkspace, call: Call) -> Json:
    if call["user"] == workspace.bot_user:
        return {"user": workspace.bot_payload()}
    person = workspace.people.get(call["user"])
    if person is None:
        raise Refusal("user_not_found")
    return {"user": person.payload(email=_sees_email(call))}


def list_(workspace: PracticeWorkspace, call: Call) -> Json:
    everyone = [workspace.bot_payload()]
    everyone += [person.payload(email=_sees_email(call)) for person in workspace.people.values()]
    shown, cursor = page(call, everyone)
    return {"members": shown, "cache_ts": 0, **cursor}


def lookup_by_email(workspace: PracticeWorkspace, call: Call) -> Json:
    wanted = call["email"].casefold()
    for person in workspace.people.values():
        if person.email.casefold() == wanted and not person.deleted:
            return {"user": person.payload(email=True)}
    raise Refusal("users_not_found")


def _sees_email(call: Call) -> bool:
    """Whether addresses are given; they are used by whoever is given them."""
    held = _EMAIL in call.granted
    if held and _EMAIL not in call.needed:
        call.needed.append(_EMAIL)
    return held


METHODS = {"users.info": info, "users.list": list_, "users.lookupByEmail": lookup_by_email}
