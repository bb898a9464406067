"""A Slack workspace on this machine: what the bot's calls and people's gestures meet in."""

from __future__ import annotations

import itertools
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from slack_bolt import App

from bot.practice import payloads
from bot.practice.api import Api
from bot.practice.call import Past
from bot.practice.channel import Channel, Kind
from bot.practice.clock import microseconds, real_time
from bot.practice.events import Events
from bot.practice.faults import Fault, Faults
from bot.practice.files import Files
from bot.practice.limits import Limits
from bot.practice.manifest import Manifest
from bot.practice.message import Json, Message
from bot.practice.people import Person
from bot.practice.refusal import Refusal
from bot.practice.server import Server
from bot.practice.socket import Sockets
from bot.practice.targets import Target, target_for
from bot.practice.triggers import Responses, Triggers
from bot.practice.wire import Reply, Request

_MESSAGE_EVENT = {kind: f"message.{kind.prefix}" for kind in Kind}


class PracticeWorkspace:
    """A strict stand-in for Slack with one app installed; serves from the moment it is made until `close()`.

    `clock` gives the time (aware) that limits, trigger ids and retries go by. `limits` are off unless enabled.
    `echoes`: whether the bot is sent its own messages as events, as Slack does. `tls`: speak https and wss.
    `latency`: real seconds every answer takes, others served meanwhile.
    Every call, delivery and gesture notifies `changing`; `wait_until` waits on it.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        clock: Callable[[], datetime] = real_time,
        *,
        name: str = "Practice School",
        team_id: str = "T0PRACTICE",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        echoes: bool = True,
        latency: float = 0,
    ) -> None:
        self.manifest = Manifest.parse(manifest)
        self.now = clock
        self.name, self.domain, self.team_id = name, "practice", team_id
        self.app_id, self.bot_id, self.bot_user = "A0PRACTICE", "B0PRACTICE", "U0PRACTICEBOT"
        self.bot_token = f"xoxb-practice-{secrets.token_hex(8)}"
        self.app_token = f"xapp-1-{self.app_id}-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        self.uninstalled = False
        self.changing = threading.Condition(threading.RLock())
        self.limits = limits or Limits()
        self.faults = Faults()
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.identity = {
            "team_id": team_id,
            "app_id": self.app_id,
            "bot_id": self.bot_id,
            "bot_user": self.bot_user,
            "domain": self.domain,
            "token": "practice-verification-token",
        }
        self._echoes, self._latency = echoes, latency
        self._ims: dict[str, Channel] = {}
        self._names: dict[str, Channel] = {}
        self._ids = itertools.count(1)
        self._last_ts = 0
        self._scopes: set[str] = set()
        self.triggers, self.responses = Triggers(clock), Responses(self)
        self.files, self.events, self.sockets = Files(self), Events(self), Sockets(self, tls)
        self.api = Api(self)
        self._server = Server(self.serve, port, tls)

    # what the bot is given

    @property
    def address(self) -> str:
        """The root of everything served here."""
        return self._server.address

    @property
    def api_url(self) -> str:
        """What to give slack_sdk as `base_url`."""
        return f"{self.address}/api/"

    @property
    def environment(self) -> dict[str, str]:
        """The bot's settings for this workspace."""
        return {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_APP_TOKEN": self.app_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
            "SLACK_API_URL": self.api_url,
        }

    def attach(self, bot: str | App | Target | Callable[..., Any] | None) -> None:
        """Deliver to this address, Bolt app or WSGI application from now on; None: through sockets again."""
        self.events.target = None if bot is None else target_for(bot, self.signing_secret)

    # what tests ask

    @property
    def calls(self) -> list[Past]:
        """Every Web API call so far, in order."""
        return self.api.calls

    def scopes_used(self) -> frozenset[str]:
        """Scopes needed by the calls made so far and by what the manifest subscribes to and offers."""
        used = {scope for past in self.calls if past.ok for scope in past.needed}
        return frozenset(used | self._scopes | self.manifest.standing_scopes())

    def wait_until(self, true: Callable[[], object], timeout: float = 10) -> bool:
        """Wait until `true()` holds, looking again after every call, delivery and gesture; whether it came to hold."""
        with self.changing:
            return bool(self.changing.wait_for(true, timeout))

    def fault(
        self,
        method: str,
        fault: Fault,
        times: int | None = 1,
        when: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> None:
        """Let the next `times` calls of the method fail (None: all), those for which `when(arguments)` holds."""
        with self.changing:
            self.faults.plan(method, fault, times, when)

    def tick(self) -> None:
        """Let what is due by the clock happen: late calls land, events are retried."""
        with self.changing:
            self.api.land(self.now())
            self.changing.notify_all()
        self.events.retry()

    def channel(self, name: str) -> Channel | None:
        """The channel of this name or id, if there is one."""
        return self._names.get(name.removeprefix("#")) or self.channels.get(name)

    # people and places

    def person(
        self,
        name: str,
        id: str = "",
        email: str = "",
        tz: str = "America/Los_Angeles",
        *,
        guest: bool = False,
        restricted: bool = False,
        deleted: bool = False,
        announce: bool = False,
    ) -> Person:
        """Someone in the workspace. `guest`: a multi-channel guest; `restricted`: a single-channel guest;
        `announce`: the bot hears of it as team_join."""
        with self.changing:
            known = Person(self, id or self.new_id("U"), name, email, tz, guest, restricted, deleted)
            if known.id in self.people:
                raise ValueError(f"There is someone with the id {known.id} already.")
            self.people[known.id] = known
            self.changing.notify_all()
        if announce:
            self.events.emit("team_join", {"type": "team_join", "user": known.payload(email=True)})
        return known

    def im(self, user: str) -> Channel:
        """The direct message between the bot and this user, opened if need be."""
        with self.changing:
            if user not in self._ims:
                made = Channel(self.new_id("D"), Kind.IM, "", self.bot_user, self._seconds())
                made.members = {user: None, self.bot_user: None}
                self._ims[user] = self.channels[made.id] = made
            return self._ims[user]

    def im_of(self, user: str) -> Channel | None:
        """That direct message, if it was ever opened."""
        return self._ims.get(user)

    def add_channel(self, name: str, kind: Kind, creator: str) -> Channel:
        """A new channel with its creator in it."""
        with self.changing:
            made = Channel(self.new_id("C"), kind, name, creator, self._seconds(), {creator: None})
            self.channels[made.id] = self._names[name] = made
            self.changing.notify_all()
            return made

    def seen_channel(self, channel_id: str) -> Channel:
        """A channel the bot can see; Refusal if there is none, or it is private and the bot not in it."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind is not Kind.PUBLIC and self.bot_user not in channel.members):
            raise Refusal("channel_not_found")
        return channel

    def join(self, channel: Channel, user: str, inviter: str = "", *, later: bool = False) -> None:
        """Someone comes into a channel, and the bot hears of it if it is in there (`later`: by the courier)."""
        with self.changing:
            channel.members[user] = None
            self.changing.notify_all()
        self._membership("member_joined_channel", channel, user, inviter, later)

    def leave(self, channel: Channel, user: str, *, later: bool = False) -> None:
        """Someone leaves a channel or is removed."""
        with self.changing:
            channel.members.pop(user, None)
            self.changing.notify_all()
        self._membership("member_left_channel", channel, user, "", later)

    def uninstall(self) -> None:
        """The app is removed: its token stops working, and it hears of that."""
        self.uninstalled = True
        self.events.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot_user]}})
        self.events.emit("app_uninstalled", {"type": "app_uninstalled"})

    # the bot's words, wherever they come from

    def say(self, channel_id: str, text: str, blocks: Sequence[Json] = ()) -> Message:
        """The bot says something in a channel."""
        channel = self.channels[channel_id]
        with self.changing:
            named = self.named_blocks(blocks)
            ts = self.next_ts()
            message = Message(channel.id, ts, self.bot_user, text, self.team_id, blocks=named, app=self.bot_id)
            channel.messages[ts] = message
        return message

    def ephemeral(self, channel: str, user: str, text: str, blocks: Sequence[Json] = (), parse: str = "") -> Message:
        """The bot says something only this user sees."""
        with self.changing:
            message = Message(
                channel,
                self.next_ts(),
                self.bot_user,
                text,
                self.team_id,
                blocks=self.named_blocks(blocks),
                app=self.bot_id,
                parse=parse,
                only_for=user,
            )
            self.people[user].ephemerals.append(message)
            return message

    def reword(self, channel: str, user: str, ts: str, text: str, blocks: Sequence[Json]) -> None:
        """Put other words in a message the bot posted, ephemeral ones too."""
        old = self.find(channel, user, ts)
        new = replace(old, text=text, blocks=self.named_blocks(blocks), edited=self.next_ts())
        self._put(old, new)

    def withdraw(self, channel: str, user: str, ts: str) -> None:
        """Take back a message the bot posted, ephemeral ones too."""
        self._put(self.find(channel, user, ts), None)

    def find(self, channel: str, user: str, ts: str) -> Message:
        """A message in a channel, or an ephemeral one this user sees. Refusal if there is none."""
        ephemerals = {message.ts: message for message in self.people[user].ephemerals}
        found = ephemerals.get(ts) or self.channels[channel].messages.get(ts)
        if found is None:
            raise Refusal("message_not_found")
        return found

    def _put(self, old: Message, new: Message | None) -> None:
        if old.only_for:
            kept = self.people[old.only_for].ephemerals
            kept[:] = [message for m in kept if (message := new if m.ts == old.ts else m) is not None]
        elif new is not None:
            self.channels[old.channel].messages[old.ts] = new
        else:
            del self.channels[old.channel].messages[old.ts]

    def echo(self, channel: Channel, event: Json) -> None:
        """Bring the bot the event its own message made."""
        if self._echoes:
            self.events.emit(_MESSAGE_EVENT[channel.kind], event, later=True)

    # small change

    def new_id(self, prefix: str) -> str:
        """An id no one else has."""
        return f"{prefix}0{next(self._ids):08X}"

    def new_hash(self) -> str:
        """A view's new hash."""
        return f"{self._seconds()}.{next(self._ids):08x}"

    def next_ts(self) -> str:
        """A message's ts: the time in microseconds, later than any before."""
        with self.changing:
            self._last_ts = max(self._last_ts + 1, microseconds(self.now()))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def named_blocks(self, blocks: Sequence[Json]) -> tuple[Json, ...]:
        """Blocks as Slack keeps them: each with a block id."""
        return tuple(block if "block_id" in block else {**block, "block_id": self._block_id()} for block in blocks)

    def named_view(self, definition: Json) -> Json:
        """A view as Slack keeps it."""
        return {**definition, "blocks": list(self.named_blocks(definition["blocks"]))}

    def bot_payload(self) -> Json:
        """The bot's user object."""
        return {
            "id": self.bot_user,
            "team_id": self.team_id,
            "name": self.manifest.bot_name,
            "deleted": False,
            "is_bot": True,
            "profile": {"real_name": self.manifest.bot_name, "bot_id": self.bot_id, "api_app_id": self.app_id},
        }

    def note_scope(self, scope: str) -> None:
        """Remember that a scope was needed outside the Web API."""
        self._scopes.add(scope)

    def close(self) -> None:
        """Stop serving."""
        self.events.close()
        self.sockets.close()
        self._server.close()

    def __enter__(self) -> PracticeWorkspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def serve(self, request: Request) -> Reply:
        """Answer a request to anything of this workspace's."""
        root = request.path.split("/")[1] if request.path.startswith("/") else ""
        match root:
            case "api":
                reply = self.api.serve(request)
                if self._latency:
                    time.sleep(self._latency)
                return reply
            case "hooks":
                return self.responses.serve(request)
            case "upload":
                return self.files.receive(request)
            case "files-pri" | "signin":
                return self.files.serve(request)
            case _:
                return Reply(404, b"not found")

    def _membership(self, event: str, channel: Channel, user: str, inviter: str, later: bool) -> None:
        if self.bot_user in channel.members:
            body = payloads.membership(event, channel, user, self.team_id, inviter)
            self.events.emit(event, body, later=later)

    def _block_id(self) -> str:
        return f"b{next(self._ids):x}"

    def _seconds(self) -> int:
        return microseconds(self.now()) // 1_000_000
