"""views.*: modals and App Homes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.practice.checks.blocks import Surface
from bot.practice.checks.payloads import check_view
from bot.practice.message import Json
from bot.practice.refusal import Refusal
from bot.practice.view import View

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace

_DEEPEST = 3


def open_(workspace: PracticeWorkspace, call: Call) -> Json:
    user = workspace.triggers.use(call.get("trigger_id", ""))
    view = new_view(workspace, user, call["view"])
    workspace.people[user].modals[:] = [view]
    return {"view": view.payload(workspace.identity)}


def push(workspace: PracticeWorkspace, call: Call) -> Json:
    user = workspace.triggers.use(call.get("trigger_id", ""))
    return {"view": push_view(workspace, user, call["view"]).payload(workspace.identity)}


def update(workspace: PracticeWorkspace, call: Call) -> Json:
    if ("view_id" in call.args) == ("external_id" in call.args):
        raise Refusal("invalid_arguments", ["needs either view_id or external_id"])
    for person in workspace.people.values():
        for view in person.modals:
            if call.get("view_id") == view.id or call.get("external_id") == view.definition.get("external_id"):
                _check_hash(call, view)
                return {"view": replace_view(workspace, view, call["view"]).payload(workspace.identity)}
    raise Refusal("not_found")


def publish(workspace: PracticeWorkspace, call: Call) -> Json:
    if not workspace.manifest.home_tab:
        raise Refusal("not_enabled")
    person = workspace.people.get(call["user_id"])
    if person is None or person.deleted:
        raise Refusal("invalid_arguments", ["user_id: no such user"])
    check_view(call["view"], Surface.HOME)
    old = person.home
    if old is not None:
        _check_hash(call, old)
    view_id = old.id if old else workspace.new_id("V")
    person.home = View(view_id, person.id, workspace.named_view(call["view"]), workspace.new_hash(), view_id)
    return {"view": person.home.payload(workspace.identity)}


def new_view(workspace: PracticeWorkspace, user: str, definition: Json) -> View:
    """A modal for this user, checked, not yet shown."""
    check_view(definition, Surface.MODAL)
    external = definition.get("external_id")
    shown = [view.definition.get("external_id") for person in workspace.people.values() for view in person.modals]
    if external and external in shown:
        raise Refusal("duplicate_external_id")
    view_id = workspace.new_id("V")
    return View(view_id, user, workspace.named_view(definition), workspace.new_hash(), view_id)


def push_view(workspace: PracticeWorkspace, user: str, definition: Json) -> View:
    """Put a modal on top of the user's open one; at most three deep."""
    modals = workspace.people[user].modals
    if not modals:
        raise Refusal("not_found")
    if len(modals) >= _DEEPEST:
        raise Refusal("push_limit_reached")
    view = new_view(workspace, user, definition)
    modals.append(replace(view, root_id=modals[0].id, previous_id=modals[-1].id))
    return modals[-1]


def replace_view(workspace: PracticeWorkspace, old: View, definition: Json) -> View:
    """Show another definition in an open modal."""
    check_view(definition, Surface.MODAL)
    new = replace(old, definition=workspace.named_view(definition), hash=workspace.new_hash())
    modals = workspace.people[old.user].modals
    modals[:] = [new if view.id == old.id else view for view in modals]
    return new


def _check_hash(call: Call, view: View) -> None:
    if "hash" in call.args and call["hash"] != view.hash:
        raise Refusal("hash_conflict")


METHODS = {"views.open": open_, "views.push": push, "views.update": update, "views.publish": publish}
