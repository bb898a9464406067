"""Taking out of Slack what the bot put there to or about somebody who is erased. What it cannot is listed.

Slack lets a bot delete its own messages and files only. What people wrote there themselves stays theirs, or an
administrator's, to delete. `chat.delete` and `files.delete` are Tier 3: https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import CoachError
from bot.services.leaving import remains, traces
from bot.services.leaving.erasing import Erasing
from bot.services.leaving.remains import NOT_ARCHIVED, NOT_OURS, Left
from bot.services.leaving.traces import Message
from bot.slack.client import Reply, SlackApi
from bot.slack.posting import Poster
from bot.slack.replies import UNTIL_MENDED
from bot.store.session import Store
from scheduler.deliveries import Delivery, State
from scheduler.outcomes import Sent
from scheduler.pace import Limits, Pace

TIER_3 = 50.0
LIMITS = Limits(
    methods=tuple(
        (method, TIER_3) for method in ("chat.delete", "files.delete", "conversations.history", "conversations.replies")
    )
)
"""How fast Slack is called: as its tiers say."""

PAGE = 200
TRIES = 3
AGAIN = timedelta(seconds=2)
"""So long after a call whose answer was lost it is made again; deleting twice is deleting once."""

LOOK = timedelta(seconds=5)
"""How often is looked whether what is in hand was sent."""

GO_ON = "What is done is done; go on with it: conference-coach erase --resume"
_GONE = frozenset({"message_not_found", "file_not_found", "file_deleted"})
_EMPTY_HOME: Mapping[str, Any] = {"type": "home", "blocks": []}

Wait = Callable[[timedelta], bool]
"""Lets time pass; False if there is to be no waiting any more, because the process ends."""


class EndingError(CoachError):
    """The process is to end; what is not done yet is done by the next."""


@dataclass(frozen=True, slots=True)
class _Post:
    """A message as a channel's history has it: `ours` was posted by the bot."""

    ts: str
    ours: bool
    files: tuple[tuple[str, bool], ...]
    answered: bool


class Eraser:
    """Goes through Slack for one person after another, in the workspace of its token.

    It can be stopped, or killed, anywhere: what was not noted as done is looked at again. CoachError where Slack cannot
    be used.
    """

    def __init__(
        self, store: Store, api: SlackApi, bot_user: str, clock: Callable[[], datetime], wait: Wait,
        limits: Limits,
    ) -> None:  # fmt: skip
        self._store = store
        self._api = api
        self._bot_user = bot_user
        self._clock = clock
        self._wait = wait
        self._pace = Pace(limits)
        self._poster = Poster(api, bot_user)

    def erase(self, erasing: Erasing) -> None:
        """Take out all there is; until nothing more has come meanwhile."""
        while True:
            self._let_settle(erasing)
            self._places(erasing)
            self._threads(erasing)
            for message in self._messages(erasing):
                self._take_out(erasing, message)
            self._files(erasing)
            if not self._messages(erasing) and not self._in_hand(erasing):
                break
        self._home(erasing)
        self._leave(erasing, self._letters(erasing))

    # --- what is in hand ---------------------------------------------------------------------------------------------

    def _let_settle(self, erasing: Erasing) -> None:
        """What is being sent at this moment has its lease to end; what may have arrived is looked for."""
        while found := self._in_hand(erasing):
            now = self._clock()
            busy = [one for one in found if one.state is State.SENDING and (one.lease_until or now) > now]
            for delivery in found:
                if delivery not in busy:
                    self._doubtful(erasing, delivery)
            if busy:
                self._pause(LOOK)

    def _doubtful(self, erasing: Erasing, delivery: Delivery) -> None:
        recipient = delivery.payload.get("channel") or delivery.recipient
        if not recipient.startswith(("conference:", "home:", "mail:")):  # their channels are gone through anyway
            found = self._poster.find(delivery, recipient, delivery.payload.get("thread"))
            if isinstance(found, Sent):
                self._delete(erasing, found.channel, found.ts)
        with self._store.write() as connection:
            traces.settle(connection, erasing.workspace, delivery)

    def _in_hand(self, erasing: Erasing) -> list[Delivery]:
        with self._store.read() as connection:
            return traces.in_hand(connection, erasing.workspace, erasing.person)

    # --- channels that are wholly theirs -----------------------------------------------------------------------------

    def _places(self, erasing: Erasing) -> None:
        with self._store.read() as connection:
            places = traces.places(connection, erasing.workspace, erasing.person)
            account = traces.account(connection, erasing.workspace, erasing.person)
        im = self._im(account) if account else ""
        for channel in dict.fromkeys(filter(None, (im, *places))):
            posts = list(self._history(channel))
            for post in posts:
                if post.answered:
                    self._sweep(erasing, channel, [one for one in self._replies(channel, post.ts) if one.ts != post.ts])
            self._sweep(erasing, channel, posts)
            if channel.startswith(("C", "G")):
                self._leave(erasing, [Left("channel", channel, NOT_ARCHIVED)])

    def _im(self, account: str) -> str:
        """The DM with them; "" where Slack opens none any more."""
        opened = self._call("conversations.open", {"users": account}, "")
        return "" if opened.error else str(opened.data["channel"]["id"])

    def _threads(self, erasing: Erasing) -> None:
        """Under messages to their advisor, who sat beside them."""
        threads = {(one.channel, one.thread) for one in self._messages(erasing) if one.theirs and one.thread}
        for channel, thread in sorted(threads):
            self._sweep(erasing, channel, self._replies(channel, thread))

    def _sweep(self, erasing: Erasing, channel: str, posts: Iterable[_Post]) -> None:
        """Delete what is the bot's of these messages, and list the others."""
        foreign: list[Left] = []
        for post in posts:
            for file, ours in post.files:
                if ours:
                    self._delete_file(erasing, file)
                else:
                    foreign.append(Left("file", file, NOT_OURS))
            if not post.ours:
                foreign.append(Left("message", f"{channel}:{post.ts}", NOT_OURS))
            elif not post.files:  # a file's message goes with it
                self._delete(erasing, channel, post.ts)
        self._leave(erasing, foreign)

    def _history(self, channel: str) -> Iterator[_Post]:
        return self._pages("conversations.history", {"channel": channel})

    def _replies(self, channel: str, thread: str) -> list[_Post]:
        return list(self._pages("conversations.replies", {"channel": channel, "ts": thread}))

    def _pages(self, method: str, where: Mapping[str, Any]) -> Iterator[_Post]:
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self._call(method, {**where, "limit": PAGE, **more}, str(where["channel"]))
            if page.error:
                return  # a channel the bot cannot see into: what it said there is known of by the outbox
            yield from map(self._read, page.data["messages"])
            cursor = (page.data.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _read(self, message: Mapping[str, Any]) -> _Post:
        files = tuple((file["id"], file.get("user") == self._bot_user) for file in message.get("files") or ())
        return _Post(message["ts"], message.get("user") == self._bot_user, files, bool(message.get("reply_count")))

    # --- one by one --------------------------------------------------------------------------------------------------

    def _messages(self, erasing: Erasing) -> list[Message]:
        with self._store.read() as connection:
            return traces.messages(connection, erasing.workspace, erasing.person)

    def _take_out(self, erasing: Erasing, message: Message) -> None:
        """Delete a message, and note that it is gone: or else that it could not be deleted."""
        self._delete(erasing, message.channel, message.ts)
        with self._store.write() as connection:
            traces.gone(connection, erasing.workspace, message)

    def _delete(self, erasing: Erasing, channel: str, ts: str) -> None:
        reply = self._call("chat.delete", {"channel": channel, "ts": ts}, channel)
        if reply.error and reply.error not in _GONE:
            self._leave(erasing, [Left("message", f"{channel}:{ts}", reply.error)])

    def _files(self, erasing: Erasing) -> None:
        with self._store.read() as connection:
            files = traces.files(connection, erasing.workspace, erasing.person)
        for file in files:
            self._delete_file(erasing, file)

    def _delete_file(self, erasing: Erasing, file: str) -> None:
        reply = self._call("files.delete", {"file": file}, "", asked=True)
        if reply.error and reply.error not in _GONE:
            self._leave(erasing, [Left("file", file, reply.error)])

    def _letters(self, erasing: Erasing) -> list[Left]:
        with self._store.read() as connection:
            return remains.letters(connection, erasing)

    def _home(self, erasing: Erasing) -> None:
        """Their App Home shows nothing any more."""
        with self._store.read() as connection:
            account = traces.account(connection, erasing.workspace, erasing.person)
        if account:
            self._call("views.publish", {"user_id": account, "view": _EMPTY_HOME}, "")

    def _leave(self, erasing: Erasing, found: list[Left]) -> None:
        if found:
            with self._store.write() as connection:
                remains.leave(connection, erasing, found)

    # --- calls -------------------------------------------------------------------------------------------------------

    def _call(self, method: str, arguments: Mapping[str, Any], channel: str, *, asked: bool = False) -> Reply:
        """Make a call, at the pace that is allowed, until it is answered with yes or no."""
        lost = 0
        while True:
            while wait := self._pace.ask("", method, channel, self._clock()):
                self._pause(wait)
            form = asked or method in ("conversations.history", "conversations.replies")
            reply = self._api.ask(method, arguments) if form else self._api.call(method, arguments)
            if reply.retry_after is not None:
                self._pace.block("", method, self._clock() + timedelta(seconds=reply.retry_after))
            elif reply.fault:
                lost += 1
                if lost >= TRIES:
                    raise CoachError(f"Slack cannot be reached ({reply.fault}). {GO_ON}")
                self._pause(AGAIN)
            elif reply.error in UNTIL_MENDED:
                raise CoachError(f"Slack does not accept SLACK_BOT_TOKEN ({reply.error}). {GO_ON}")
            else:
                return reply

    def _pause(self, time: timedelta) -> None:
        if not self._wait(time):
            raise EndingError(f"Stopped before the end. {GO_ON}")
