"""What Slack sends, by its shape: of each kind what the listeners read, and nothing else. What does not fit is dropped
before anybody reads it, so that no service is begun with half of what it needs.

Extra fields are left alone. Ids are held to what Slack's look like, and to what the tables hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.taps import Tap

UNKNOWN = "type"
"""The fault of what is of no kind the bot has a use for."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""A workspace, person, channel, message's file: T…, U… or W…, C…, D… or G…, F…"""

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:|-]{1,80}$")]
"""What tells one event, trigger, window or gesture from another."""

Ts = Annotated[str, Field(pattern=r"^[0-9]{1,10}\.[0-9]{1,6}$")]
Instant = Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,6})?$")]
"""When something was tapped: no message's name, so that a whole second may be one."""

Name = Annotated[str, Field(max_length=255)]
Act = Annotated[str, Field(max_length=30)]
Value = Annotated[str, Field(max_length=2000)]
Seat = Annotated[str, Field(pattern=r"^[0-9]{1,18}(:[a-z_]{0,32})?$")]
Metadata = Annotated[str, Field(max_length=3000)]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


# -- events ----------------------------------------------------------------------------------------------------------


class _Kind(_Shape):
    type: Name


class _Event(_Shape):
    team_id: Id
    event_id: Key
    event: _Kind


class _File(_Shape):
    id: Id
    mimetype: str | None = None
    title: str | None = None
    name: str | None = None
    permalink: str | None = None


class _Edited(_Shape):
    ts: Ts


class _Inner(_Shape):
    """A message as it stands in the event of its edit or deletion."""

    user: Id | None = None
    bot_id: Name | None = None
    subtype: Name | None = None
    text: str | None = None
    ts: Ts | None = None
    thread_ts: Ts | None = None
    edited: _Edited | None = None


class _Message(_Shape):
    """What somebody did in a DM. `message`, `previous_message`: of an edit or a deletion."""

    channel: Id
    ts: Ts
    user: Id | None = None
    bot_id: Name | None = None
    text: str | None = None
    thread_ts: Ts | None = None
    client_msg_id: Key | None = None
    files: list[_File] | None = None
    message: _Inner | None = None
    previous_message: _Inner | None = None


class _Deleted(_Message):
    deleted_ts: Ts


class _Opened(_Shape):
    user: Id
    channel: Id
    tab: Name | None = None


class _Membership(_Shape):
    user: Id
    channel: Id


class _Profile(_Shape):
    email: str | None = None


class _User(_Shape):
    """Slack's user object."""

    id: Id
    profile: _Profile | None = None
    tz: Annotated[str, Field(max_length=64)] | None = None


class _Person(_Shape):
    user: _User


class _Tokens(_Shape):
    bot: list[Id] | None = None


class _Revoked(_Shape):
    tokens: _Tokens


_EVENTS: Mapping[str, type[_Shape]] = {
    "app_home_opened": _Opened,
    "member_joined_channel": _Membership,
    "member_left_channel": _Membership,
    "team_join": _Person,
    "tokens_revoked": _Revoked,
    "user_change": _Person,
}


# -- interactions ----------------------------------------------------------------------------------------------------


class _Someone(_Shape):
    id: Id


class _Place(_Shape):
    id: Id | Literal[""] | None = None  # in an App Home there is none


class _Option(_Shape):
    value: Value


class _Action(_Shape):
    action_id: Act
    block_id: Name
    action_ts: Instant
    value: Value | None = None
    selected_option: _Option | None = None


class _Container(_Shape):
    message_ts: Ts | None = None
    thread_ts: Ts | None = None
    is_ephemeral: bool | None = None


class _Tapped(_Shape):
    thread_ts: Ts | None = None


class _Shown(_Shape):
    type: Name | None = None


class _Element(_Shape):
    """What is entered in one input, or ticked in one group of boxes."""

    type: Name
    value: str | None = None
    selected_date: Annotated[str, Field(max_length=10)] | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None


class _State(_Shape):
    values: dict[Name, dict[Name, _Element]]


class _Taps(_Shape):
    team: _Someone
    user: _Someone
    trigger_id: Key
    actions: Annotated[list[_Action], Field(min_length=1)]
    container: _Container
    channel: _Place | None = None
    message: _Tapped | None = None
    view: _Shown | None = None
    state: _State | None = None


class _Chosen(_Action):
    selected_option: _Option


class _InMessage(_Container):
    message_ts: Ts


class _TapOnMessage(_Taps):
    container: _InMessage


class _Choice(_TapOnMessage):
    actions: Annotated[list[_Chosen], Field(min_length=1)]  # type: ignore[assignment]


class _Seated(_Option):
    value: Seat


class _SeatAction(_Action):
    value: Seat | None = None
    selected_option: _Seated | None = None

    @model_validator(mode="after")
    def _either(self) -> _SeatAction:
        if not self.value and self.selected_option is None:
            raise ValueError("nobody is chosen")
        return self


class _SeatTap(_Taps):
    actions: Annotated[list[_SeatAction], Field(min_length=1)]  # type: ignore[assignment]


_TAPS: Mapping[str, type[_Shape]] = {
    Tap.BESIDE: _SeatTap,
    Tap.VISIBLE: _Choice,
    Tap.SNOOZE: _TapOnMessage,
    Tap.COMMITMENT: _TapOnMessage,
    Tap.THANKS: _TapOnMessage,
}
"""Taps that need more than others: a student, a menu's choice, the message they stand in."""


class _View(_Shape):
    type: Literal["modal"]
    id: Key
    callback_id: Name
    private_metadata: Metadata
    state: _State


class _Submission(_Shape):
    team: _Someone
    user: _Someone
    view: _View


class _Closed(_Shape):
    user: _Someone
    view: _Shown


class _Shortcut(_Shape):
    user: _Someone
    trigger_id: Key
    callback_id: Name


class _Command(_Shape):
    command: Name
    team_id: Id
    user_id: Id
    trigger_id: Key
    text: str | None = None
    channel_id: Id | None = None


class _Challenge(_Shape):
    challenge: Value


_INTERACTIONS: Mapping[str, type[_Shape]] = {
    "view_submission": _Submission,
    "view_closed": _Closed,
    "shortcut": _Shortcut,
    "message_action": _Shortcut,
    "url_verification": _Challenge,
}


# -- the check -------------------------------------------------------------------------------------------------------


def fault(body: Mapping[str, Any]) -> str:
    """Where a body does not fit, as our own names of fields ("event.user"); "" where it fits."""
    kind = body.get("type")
    if kind == "event_callback":
        return _misfit(_Event, body) or _event_fault(body["event"])
    if kind == "block_actions":
        return _misfit(_Taps, body) or _misfit(_TAPS.get(_tap(body), _Taps), body)
    if isinstance(kind, str) and kind in _INTERACTIONS:
        return _misfit(_INTERACTIONS[kind], body)
    return _misfit(_Command, body) if kind is None and "command" in body else UNKNOWN


def in_dm(event: Mapping[str, Any]) -> bool:
    """Whether a message's event is of a DM. Where it does not say so (of an edit, Slack's reference shows none), the
    channel's id does."""
    kind = event.get("channel_type")
    return kind == "im" if kind else str(event.get("channel", "")).startswith("D")


def _event_fault(event: Mapping[str, Any]) -> str:
    """Messages elsewhere than in a DM are not read, nor are events nobody listens to."""
    kind = event["type"]
    if kind != "message":
        return _misfit(_EVENTS[kind], event, "event") if kind in _EVENTS else ""
    if not in_dm(event):
        return ""
    subtype = event.get("subtype")
    if not isinstance(subtype, str | None):
        return "event.subtype"
    return _misfit(_Deleted if subtype == "message_deleted" else _Message, event, "event")


def _tap(body: Mapping[str, Any]) -> str:
    """Which tap it is: Bolt takes the first action for the one that counts."""
    return str(body["actions"][0]["action_id"]).partition(".")[0]


def _misfit(shape: type[_Shape], data: Mapping[str, Any], *under: str) -> str:
    try:
        shape.model_validate(data)
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        return ".".join([*under, *(part for part in place if isinstance(part, str) and _is_ours(part))]) or UNKNOWN
    return ""


def _is_ours(part: str) -> bool:
    """Whether it is a name of a field: in `state.values` there are names that came with the body."""
    return part in _FIELDS


def _shapes(shape: type[_Shape] = _Shape) -> set[type[_Shape]]:
    return {shape}.union(*(_shapes(one) for one in shape.__subclasses__()))


_FIELDS = frozenset(field for shape in _shapes() for field in shape.model_fields)
