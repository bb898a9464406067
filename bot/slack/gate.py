"""Whoever comes in by a tap, a window, a command or an event is known here first, and sent away here if the door is
none for them: one place, before any listener.

What is sent away is answered like what was taken in and changed nothing: whether there is anything behind a door cannot
be told from the answer. What a door leads to is asked of `access` again by the service behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from bot.conference.doors import DOORS, Door, Outside, Way, admits
from bot.services.leaving import apart
from bot.services.roster import admission, members
from bot.slack.desk import Desk
from bot.slack.tapping import carried
from bot.taps import Tap

Body = Mapping[str, Any]

_ACTION = re.compile(r"([a-z_]+)\.[0-9]+")
_TOLD_APART = {Tap.FORM.value: Way.FORM, Tap.SHOW.value: Way.SHOW}
"""Taps whose value begins with the name of another door, which is the one that counts."""

_WORKSPACE = re.compile("T[A-Z0-9]+")


class Visit(NamedTuple):
    """Who came, from which workspace, to which one's bot, by which door; "" or None where the payload does not say."""

    slack_id: str
    team: str
    workspace: str
    door: Door | None


class Gate(Middleware):
    """Sends away what is of another workspace, what is no door, and whoever a door is not for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def process(self, *, req: BoltRequest, resp: BoltResponse, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        """Let it through to its listener, or answer it."""
        visit = visit_of(req.body)
        if visit.workspace != self._desk.workspace or visit.door is None:
            return _nothing()
        if _from_elsewhere(req.body, visit):
            self._desk.send(members.from_elsewhere(self._desk.house, visit.workspace, visit.slack_id))
        admitted = self._admits(visit.door, visit)
        outside = not admitted or admits(visit.door, Outside.STRANGER)  # whoever takes no part is nobody known
        if (outside and self._apart(visit.door, visit, req.body)) or not admitted:
            return _nothing()
        _say_where(req.body, visit.workspace)
        return next()

    def _admits(self, door: Door, visit: Visit) -> bool:
        """Asks who they are, unless the door is for anyone: then it is asked behind it, once."""
        if admits(door, Outside.STRANGER):
            return True
        with self._desk.house.store.read() as connection:
            role = admission.role_of(connection, visit.workspace, visit.slack_id)
        return role is not None and admits(door, role)

    def _apart(self, door: Door, visit: Visit, body: Body) -> bool:
        """Whether it is a student who takes no part: they are told so, whatever it was they did. What they write is
        heard behind the door, for a person may have to read it."""
        if door.way is Way.EVENT:
            return False
        at, place = str(body.get("trigger_id") or ""), _id(_part(body, "channel").get("id") or body.get("channel_id"))
        channel = place if place.startswith("D") else None
        put = apart.told(self._desk.house, visit.workspace, visit.slack_id, channel, at)
        self._desk.send(put)
        return bool(put)


def _nothing() -> BoltResponse:
    return BoltResponse(status=200, body="")


def visit_of(body: Body) -> Visit:
    """What a payload says of who comes in and how."""
    if body.get("type") == "event_callback":
        return _of_event(body, body["event"])
    if "command" in body:
        return Visit(body["user_id"], "", body["team_id"], Door(Way.COMMAND, ""))
    user = _part(body, "user")
    return Visit(_id(user.get("id")), _id(user.get("team_id")), _installed(body), _door(body))


def _of_event(body: Body, event: Body) -> Visit:
    """Of an event somebody else's workspace is in, `team_id` is not the bot's own: `authorizations` has that."""
    who = _part(event, "message") or _part(event, "previous_message") or event
    told = (one.get(name) for one in (who, event) for name in _TEAMS)
    team = next((_id(one) for one in told if one), _id(body["team_id"]))
    door = Door(Way.EVENT, event["type"])
    return Visit(_id(who.get("user")), team, _id(_told(body).get("team_id")), door if door in DOORS else None)


_TEAMS = ("user_team", "team", "source_team")
"""Where an event may say of which workspace somebody is."""


def _told(body: Body) -> Body:
    """Whom an event is told, or something else is: the bot of which workspace, of which organization."""
    listed = body.get("authorizations")
    first = listed[0] if isinstance(listed, list) and listed else body
    return first if isinstance(first, Mapping) else {}


def _part(body: Body, name: str) -> Body:
    """A part that has parts of its own; empty where there is none."""
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _id(value: Any) -> str:
    """The id of a person or a workspace; "" for what is more than an id: Slack tells about them, they do nothing."""
    return value if isinstance(value, str) else ""


def _installed(body: Body) -> str:
    """The workspace whose bot a tap or window is for."""
    return _id(_part(body, "view").get("app_installed_team_id") or _part(body, "team").get("id"))


def _door(body: Body) -> Door | None:
    """The door of a tap or of a window; None for what is no door of ours: a link, what an older version had."""
    found = None
    if body.get("type") == "block_actions":
        found = _of_tap(body["actions"][0])
    elif body.get("type") == "view_submission":
        kind, _, form = str(body["view"]["callback_id"]).partition(":")
        found = Door(Way.FORM, form) if kind == "form" else None
    return found if found in DOORS else None


def _of_tap(action: Body) -> Door | None:
    named = _ACTION.fullmatch(str(action["action_id"]))
    if named is None:
        return None
    apart = _TOLD_APART.get(named[1])
    return Door(apart, carried(action).partition(":")[0]) if apart else Door(Way.TAP, named[1])


def _from_elsewhere(body: Body, visit: Visit) -> bool:
    """Whether somebody is of another workspace than the bot's. Inside an organization, whose people are in several of
    its workspaces, that is for the user object to say (`directory`)."""
    inside = _told(body).get("enterprise_id") or body.get("enterprise")
    return bool(visit.slack_id and not inside and _WORKSPACE.fullmatch(visit.team) and visit.team != visit.workspace)


def _say_where(body: dict[str, Any], workspace: str) -> None:
    """Listeners read the bot's workspace where Slack may have put that of whoever did it."""
    if isinstance(body.get("team"), dict):
        body["team"]["id"] = workspace
    else:
        body["team_id"] = workspace
