"""People in the workspace: what they write, share, open and see."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.practice import payloads
from bot.practice.channel import Channel, Kind
from bot.practice.gestures import Gestures
from bot.practice.message import Json, Message, typed
from bot.practice.refusal import PracticeError
from bot.practice.targets import Ack, Delivery, Sort
from bot.practice.view import View

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace


_HANDLE = re.compile(r"@([\w.-]*\w)")


@dataclass(eq=False)
class Person(Gestures):
    """Someone with an account. What they do reaches the bot before the call returns, if the bot takes it.

    `trouble` keeps what Slack's client would have warned them of: the bot did not take a tap, a command, a form.
    """

    workspace: PracticeWorkspace
    id: str
    name: str
    email: str
    tz: str
    guest: bool = False
    restricted: bool = False
    deleted: bool = False
    team: str = ""  # the workspace they are of, where that is another one
    home: View | None = None
    modals: list[View] = field(default_factory=list)
    ephemerals: list[Message] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    touched: dict[str, dict[str, Json]] = field(default_factory=dict)

    def dm(
        self, text: str, *, thread: str = "", broadcast: bool = False, twice: bool = False, subtype: str = ""
    ) -> str:
        """Write to the bot, as typed; the message's ts. `thread`: under this message, `broadcast`: also to the
        conversation; `twice`: one gesture that arrives as two messages (the second's ts is given)."""
        self._may_type()
        if broadcast:
            subtype = "thread_broadcast"
        sent = self._write(self.workspace.im(self.id), text, thread, broadcast, subtype, copies=2 if twice else 1)
        return sent.ts

    def say(self, channel: str, text: str, *, thread: str = "") -> str:
        """Write in a channel one is in; the message's ts."""
        return self._write(self._inside(channel), text, thread, False, "").ts

    def share(
        self, content: bytes, name: str, mimetype: str = "application/octet-stream", text: str = "", channel: str = "",
        thread: str = "",
    ) -> str:  # fmt: skip
        """Send the bot (or a channel) a file, with words if any; the message's ts. `thread`: under this message."""
        if not channel:
            self._may_type()
        place = self._inside(channel) if channel else self.workspace.im(self.id)
        file = self.workspace.files.add(content, name, mimetype, self.id)
        files = (file.payload(self.workspace.files),)
        return self._write(place, text, thread, False, "file_share", files=files).ts

    def edit(self, ts: str, text: str) -> str:
        """Change one's own message."""
        workspace = self.workspace
        with workspace.changing:
            channel, old = self._own(ts)
            blocks = (payloads.rich_text(text, workspace.new_id("b")),)
            new = replace(old, text=typed(text), blocks=blocks, edited=workspace.next_ts())
            channel.messages[ts] = new
            event = payloads.changed(channel, old, new, new.edited)
        self._emit(channel, event)
        return ts

    def unfurl(self, ts: str) -> None:
        """Slack looks up a link in one's message: it comes as changed, though the words are the same."""
        channel, message = self._own(ts)
        self._emit(channel, payloads.changed(channel, message, message, self.workspace.next_ts()))

    def delete(self, ts: str) -> None:
        """Delete one's own message."""
        with self.workspace.changing:
            channel, old = self._own(ts)
            del channel.messages[ts]
        self._emit(channel, payloads.deleted(channel, old, self.workspace.next_ts()))

    def command(self, command: str, text: str = "", channel: str = "") -> Ack:
        """Type a slash command; what it answers at once appears in `ephemerals`."""
        workspace = self.workspace
        if command not in workspace.manifest.commands:
            raise PracticeError(f"{command} is not a valid command.")
        place = self._inside(channel) if channel else workspace.im(self.id)
        payload = {
            "token": workspace.identity["token"],
            "team_id": workspace.team_id,
            "team_domain": workspace.domain,
            "channel_id": place.id,
            "channel_name": "directmessage" if place.kind is Kind.IM else place.name,
            "user_id": self.id,
            "user_name": self.username,
            "command": command,
            "text": self._mentioning(text) if command in workspace.manifest.escaped else text,
            "api_app_id": workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": workspace.responses.issue(self.id, place.id),
            "trigger_id": workspace.triggers.issue(self.id),
        }
        ack = self._bring(Delivery(Sort.COMMAND, payload), command)
        if ack.ok and ack.body:
            with workspace.changing:
                workspace.responses.say(self.id, place.id, ack.body)
        return ack

    def open_home(self, tab: str = "home") -> View | None:
        """Open the app's home (or "messages"); what the home shows when the bot has taken that in."""
        workspace = self.workspace
        shown = self.home.payload(workspace.identity) if self.home else None
        channel = workspace.im(self.id).id
        event = payloads.home_opened(self.id, channel, tab, workspace.next_ts(), shown)
        workspace.events.emit("app_home_opened", event)
        return self.home

    def invite(self, channel: str, other: Person) -> None:
        """Bring someone into a channel one is in."""
        self.workspace.join(self._inside(channel), other.id, inviter=self.id)

    def leave(self, channel: str) -> None:
        """Leave a channel."""
        self.workspace.leave(self._inside(channel), self.id)

    def travel(self, tz: str) -> None:
        """Be in another time zone; Slack notices, and the bot hears of it."""
        self.tz = tz
        self._changed()

    def become(self, *, guest: bool = False, team: str = "") -> None:
        """An admin makes the account a guest's, or a full one; or it is of another workspace. The bot hears of it."""
        self.guest, self.team = guest, team
        self._changed()

    def deactivate(self) -> None:
        """An admin deactivates the account: it is in no channel any more, and the bot hears of it."""
        with self.workspace.changing:
            self.deleted = True
            for channel in self.channels:
                if channel.kind is not Kind.IM:
                    channel.members.pop(self.id, None)
        self._changed()

    def reactivate(self) -> None:
        """An admin activates the account again; the bot hears of it."""
        self.deleted = False
        self._changed()

    def sees(self, channel: str = "") -> list[Message]:
        """What stands in the direct message with the bot, or in a channel one is in, oldest first."""
        place = self._inside(channel) if channel else self.workspace.im(self.id)
        with self.workspace.changing:
            return list(place.messages.values())

    def payload(self, *, email: bool) -> Json:
        """The user object; `email`: with the address in it."""
        profile: Json = {"real_name": self.name, "display_name": self.name, "team": self.home_team}
        # Of an account that was deactivated Slack tells no time zone.
        return {
            "id": self.id,
            "team_id": self.home_team,
            "name": self.username,
            "real_name": self.name,
            "deleted": self.deleted,
            "is_bot": False,
            "is_app_user": False,
            "is_restricted": self.guest or self.restricted,
            "is_ultra_restricted": self.restricted,
            **({"is_stranger": True} if self.team else {}),
            "profile": profile | ({"email": self.email} if email and self.email else {}),
            **({} if self.deleted else {"tz": self.tz}),
        }

    def _mentioning(self, text: str) -> str:
        """What Slack makes of typed text where ids are wanted: escaped, and "@" with a username is a mention."""
        known = {person.username: person.id for person in self.workspace.people.values()}
        return _HANDLE.sub(lambda at: f"<@{known[at[1]]}|{at[1]}>" if at[1] in known else at[0], typed(text))

    def _changed(self) -> None:
        email = "users:read.email" in self.workspace.manifest.scopes
        event = payloads.user_changed(self.payload(email=email), self.workspace.next_ts())
        self.workspace.events.emit("user_change", event)

    def _may_type(self) -> None:
        manifest = self.workspace.manifest
        if not manifest.messages_tab or manifest.messages_read_only:
            raise PracticeError("Sending messages to this app has been turned off.")
        if self.deleted:
            raise PracticeError("This account is deactivated.")

    def _inside(self, channel: str) -> Channel:
        place = self.workspace.channel(channel)
        if place is None or self.id not in place.members:
            raise PracticeError(f"{self.name} cannot see {channel}.")
        return place

    def _own(self, ts: str) -> tuple[Channel, Message]:
        for channel in self.channels:
            message = channel.messages.get(ts)
            if message is not None and message.user == self.id:
                return channel, message
        raise PracticeError(f"{self.name} has written nothing at {ts}.")

    def _write(
        self,
        channel: Channel,
        text: str,
        thread: str,
        broadcast: bool,
        subtype: str,
        *,
        files: tuple[Json, ...] = (),
        copies: int = 1,
    ) -> Message:
        workspace = self.workspace
        if thread and not channel.can_be_replied_to(thread):
            raise PracticeError(f"{self.name} sees no thread under {thread}.")
        with workspace.changing:
            message = Message(
                channel.id,
                workspace.next_ts(),
                self.id,
                typed(text),
                self.home_team,
                blocks=(payloads.rich_text(text, workspace.new_id("b")),) if text else (),
                thread_ts=thread,
                broadcast=broadcast,
                files=files,
                client_msg_id=str(uuid.uuid4()),
                subtype=subtype,
            )
            sent = [message, *(replace(message, ts=workspace.next_ts()) for _ in range(copies - 1))]
            channel.messages.update({one.ts: one for one in sent})
            workspace.changing.notify_all()
        for one in sent:
            self._emit(channel, payloads.posted(channel, one))
        return sent[-1]

    def _emit(self, channel: Channel, event: Json) -> None:
        if self.workspace.bot_user in channel.members:
            self.workspace.events.emit(f"message.{channel.kind.prefix}", event)
