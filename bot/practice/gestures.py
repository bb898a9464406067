"""What people do with controls: tap, select, fill in, submit, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.practice import controls, payloads
from bot.practice.controls import Control
from bot.practice.message import Json, Message
from bot.practice.methods.views import push_view, replace_view
from bot.practice.refusal import PracticeError, Refusal
from bot.practice.targets import Ack, Delivery, Sort
from bot.practice.view import View

if TYPE_CHECKING:
    from bot.practice.channel import Channel
    from bot.practice.workspace import PracticeWorkspace

Place = Message | View


class Gestures:
    """The hands of a Person."""

    workspace: PracticeWorkspace
    id: str
    name: str
    home: View | None
    modals: list[View]
    ephemerals: list[Message]
    trouble: list[str]
    touched: dict[str, dict[str, Json]]
    team: str

    @property
    def home_team(self) -> str:
        """The workspace they are of."""
        return self.team or self.workspace.team_id

    @property
    def channels(self) -> list[Channel]:
        """The channels and direct messages one is in."""
        return [channel for channel in self.workspace.channels.values() if self.id in channel.members]

    @property
    def username(self) -> str:
        """The name without spaces that payloads carry."""
        return self.name.lower().replace(" ", ".")

    @property
    def modal(self) -> View | None:
        """The modal on top, if one is open."""
        return self.modals[-1] if self.modals else None

    def tap(self, control: str, message: Place | str | None = None, values: Mapping[str, Any] | None = None) -> Ack:
        """Tap a button, by its words, its action id or that without its number.

        `message`: where (a message, its ts, a view); without: the open modal, else the newest message that has it, else
        the home. `values`: first fill in other controls there, by words or id, without telling the bot.
        """
        place, found = self._find(control, message)
        for name, value in (values or {}).items():
            self._touch(place, self._in(place, name), value)
        return self._act(place, found, {})

    def select(self, control: str, chosen: str | Sequence[str] | None, message: Place | str | None = None) -> Ack:
        """Choose in a menu, checkboxes, radio buttons or a picker, by an option's words or value; several as a list."""
        place, found = self._find(control, message)
        return self._act(place, found, self._touch(place, found, chosen))

    def submit(self, view: View | None = None, values: Mapping[str, Any] | None = None) -> Ack:
        """Fill in the modal (by label, action id or block id) and submit it. Raises PracticeError if the client would
        not let them: something required is empty, or the text too long."""
        shown = self._open(view)
        for name, value in (values or {}).items():
            self._touch(shown, self._in(shown, name), value)
        touched = self.touched.get(shown.id, {})
        for control in controls.controls(shown.blocks):
            if not control.optional and control.empty(touched.get(control.action_id) or control.first()):
                raise PracticeError(f"{control.label}: please complete this required field.")
        payload = self._interaction("view_submission", trigger_id=self.workspace.triggers.issue(self.id))
        payload |= {"view": self._seen(shown), "response_urls": []}
        ack = self._bring(Delivery(Sort.INTERACTION, payload), shown.title)
        if ack.ok:
            self._respond(shown, ack.body)
        return ack

    def close(self, view: View | None = None) -> None:
        """Close the modal; the bot hears of it if it asked to."""
        shown = self._open(view)
        self._drop(shown)
        if shown.definition.get("notify_on_close"):
            payload = self._interaction("view_closed", view=self._seen(shown), is_cleared=False)
            self._bring(Delivery(Sort.INTERACTION, payload), shown.title)

    def _bring(self, delivery: Delivery, what: str) -> Ack:
        ack = self.workspace.events.bring(delivery)
        if not ack.ok:
            self.trouble.append(f"{what}: the app did not respond ({ack.reason})")
        return ack

    def _act(self, place: Place, control: Control, entry: Json) -> Ack:
        if not self.workspace.manifest.interactive:
            raise PracticeError("This app is not configured to handle interactive responses.")
        entry = entry or control.entry(None)
        action = {"action_id": control.action_id, "block_id": control.block_id, **entry}
        action["action_ts"] = self.workspace.next_ts()
        payload = self._interaction("block_actions", trigger_id=self.workspace.triggers.issue(self.id))
        payload |= self._where(place) | {"actions": [action]}
        return self._bring(Delivery(Sort.INTERACTION, payload), control.label)

    def _interaction(self, kind: str, **fields: Any) -> Json:
        user = {"id": self.id, "username": self.username, "name": self.username, "team_id": self.home_team}
        return payloads.interaction(kind, user, self.workspace.identity, **fields)

    def _where(self, place: Place) -> Json:
        if isinstance(place, View):
            return {"container": {"type": "view", "view_id": place.id}, "view": self._seen(place)}
        channel = self.workspace.channels[place.channel]
        state = controls.values(place.blocks, self.touched.get(place.ts, {}))
        hidden = bool(place.only_for)
        container = {"type": "message", "message_ts": place.ts, "channel_id": channel.id, "is_ephemeral": hidden}
        container |= {"thread_ts": place.thread_ts} if place.thread_ts else {}
        return {
            "container": container,
            "channel": {"id": channel.id, "name": channel.name or "directmessage"},
            "message": place.payload(metadata=True),
            "state": {"values": state},
            "response_url": self.workspace.responses.issue(self.id, channel.id, place.ts),
        }

    def _seen(self, view: View) -> Json:
        return view.payload(self.workspace.identity, controls.values(view.blocks, self.touched.get(view.id, {})))

    def _touch(self, place: Place, control: Control, value: Any) -> Json:
        entry = control.entry(value)
        kept = self.touched.setdefault(place.id if isinstance(place, View) else place.ts, {})
        kept[control.action_id] = entry
        return entry

    def _find(self, name: str, where: Place | str | None) -> tuple[Place, Control]:
        with self.workspace.changing:
            for place in self._places(where):
                found = controls.find(place.blocks, name)
                if found is not None:
                    return place, found
        raise PracticeError(f"{self.name} sees nothing called {name!r}.")

    def _places(self, where: Place | str | None) -> list[Place]:
        if where is not None and not isinstance(where, str):
            return [where]
        messages = [message for channel in self.channels for message in channel.messages.values()]
        newest = sorted([*messages, *self.ephemerals], key=lambda message: message.ts, reverse=True)
        if isinstance(where, str):
            return [message for message in newest if message.ts == where]
        if self.modal:
            return [self.modal]
        return [*newest, *([self.home] if self.home else ())]

    def _in(self, place: Place, name: str) -> Control:
        found = controls.find(place.blocks, name)
        if found is None:
            raise PracticeError(f"There is no {name!r} to fill in.")
        return found

    def _open(self, view: View | None) -> View:
        wanted = view.id if view is not None else self.modal.id if self.modal else ""
        for shown in self.modals:
            if shown.id == wanted:
                return shown
        raise PracticeError(f"{self.name} has no such modal open.")

    def _drop(self, view: View) -> None:
        self.modals[:] = [shown for shown in self.modals if shown.id != view.id]

    def _respond(self, shown: View, answer: Json) -> None:
        """Do what the bot answered a submission with; without an answer the modal closes."""
        with self.workspace.changing:
            match answer.get("response_action"):
                case None:
                    self._drop(shown)
                case "clear":
                    self.modals.clear()
                case "update":
                    replace_view(self.workspace, shown, answer["view"])
                case "push":
                    push_view(self.workspace, self.id, answer["view"])
                case "errors":
                    self._errors(shown, answer["errors"])
                case other:
                    raise Refusal("invalid_arguments", [f"response_action: {other}"])

    def _errors(self, shown: View, errors: Mapping[str, str]) -> None:
        inputs = {block["block_id"] for block in shown.blocks if block["type"] == "input"}
        if not errors or set(errors) - inputs:
            raise Refusal("invalid_arguments", ["errors: each stands under an input block's id"])
        self.trouble.extend(errors.values())
