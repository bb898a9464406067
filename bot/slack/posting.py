"""Messages: posted once, and found again by the delivery id in their metadata when a reply was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.services import safeguarding
from bot.services.house import House
from bot.services.speech import Kind, Saying
from bot.services.talk import beside
from bot.slack.blocks import Message
from bot.slack.client import Reply, SlackApi
from bot.slack.compose import compose, composing
from bot.slack.replies import trouble
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

EVENT_TYPE = "conference_coach_delivery"
HISTORY = 100
"""Messages looked through for one of ours: more than a channel sees in the time it takes to settle."""

NO_THREAD = frozenset({"cannot_reply_to_message", "thread_not_found", "restricted_action_thread_locked"})
"""What Slack says where a thread takes no more replies: its first message was deleted, or it was locked."""

_NO_ENTRY = frozenset({"channel_not_found", "not_in_channel"})
"""Where this is said of a channel's history, a post is refused too: trying again comes to an end, and never doubles."""


class Poster:
    """Posts and updates messages, and finds them again."""

    def __init__(self, api: SlackApi, bot_user: str) -> None:
        self._api = api
        self._bot_user = bot_user
        self._ims: dict[str, str] = {}

    def channel(self, recipient: str) -> str | Reply:
        """The channel to post to: the DM with a person, opened if need be, or the channel itself."""
        if not recipient.startswith(("U", "W")):
            return recipient
        if recipient not in self._ims:
            reply = self._api.call("conversations.open", {"users": recipient})
            if not reply.ok:
                return reply
            self._ims[recipient] = reply.data["channel"]["id"]
        return self._ims[recipient]

    def post(
        self,
        delivery: Delivery,
        recipient: str,
        message: Message,
        thread: str | None = None,
        *,
        broadcast: bool = False,
    ) -> Outcome:
        """Post one message; under the message `thread`, if given, and with `broadcast` outside the thread as well."""
        channel = self.channel(recipient)
        if isinstance(channel, Reply):
            return trouble(channel, "conversations.open")
        arguments = {"channel": channel, **_content(message), **_quiet(), "metadata": _metadata(delivery)}
        if thread:
            arguments["thread_ts"] = thread
        if thread and broadcast:
            arguments["reply_broadcast"] = True
        reply = self._api.call("chat.postMessage", arguments)
        return Sent(reply.data["channel"], reply.data["ts"]) if reply.ok else trouble(reply, "chat.postMessage")

    def update(self, delivery: Delivery, channel: str, ts: str, message: Message) -> Outcome:
        """Say a message of ours anew, in its place. Doing it twice is doing it once."""
        arguments = {"channel": channel, "ts": ts, **_content(message), "metadata": _metadata(delivery)}
        reply = self._api.call("chat.update", arguments)
        return Sent(channel, ts) if reply.ok else trouble(reply, "chat.update")

    def find(self, delivery: Delivery, recipient: str, thread: str | None = None) -> Sent | Unknown | None:
        """The message of a delivery, if it arrived after all. What stands in a thread is in no channel's history."""
        channel = self.channel(recipient)
        if isinstance(channel, Reply):
            return _closed(trouble(channel, "conversations.open"))
        since = f"{delivery.created_at.timestamp() - 1:.6f}"
        where = {"channel": channel, "oldest": since, "limit": HISTORY, "include_all_metadata": True}
        if thread:
            reply = self._api.call("conversations.replies", {**where, "ts": thread})
        else:
            reply = self._api.call("conversations.history", where)
        if thread and reply.error in NO_THREAD:
            return None
        if not reply.ok:
            return None if reply.error in _NO_ENTRY else Unknown(reply.fault or reply.error)
        return next((Sent(channel, one["ts"]) for one in reply.data["messages"] if self._is(one, delivery)), None)

    def _is(self, message: Mapping[str, Any], delivery: Delivery) -> bool:
        metadata = message.get("metadata") or {}
        ours = message.get("user") == self._bot_user and metadata.get("event_type") == EVENT_TYPE
        return ours and metadata.get("event_payload", {}).get("delivery") == delivery.id


class Pictured(Protocol):
    """Posts messages that have a picture in them."""

    def has(self, payload: Mapping[str, Any]) -> bool:
        """Whether what is said belongs to them."""

    def post(
        self, delivery: Delivery, recipient: str, saying: Saying, language: str, thread: str | None = None
    ) -> Outcome:
        """Post one, in a thread if given."""


class Speaker:
    """Carries `say` and `ask`: messages to one recipient. What does not fit into one message goes on in the next."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster, pictures: Pictured | None = None) -> None:
        self._house = house
        self._poster = poster
        self._pictures = pictures
        self._whole: set[str] = set()  # sent in one message, and not settled yet

    def send(self, delivery: Delivery) -> Outcome:
        """Compose and post."""
        with composing():
            pages = self._pages(delivery)
            page = pages[delivery.payload.get("page", 0)]
        thread, broadcast = delivery.payload.get("thread"), delivery.payload.get("broadcast", False)
        if self._pictures is not None and page is pages[0] and self._pictures.has(delivery.payload):
            payload = delivery.payload
            saying = Saying(payload["template"], payload["context"], payload["buttons"])
            outcome = self._pictures.post(delivery, self._to(delivery), saying, payload["language"], thread)
        else:
            outcome = self._poster.post(delivery, self._to(delivery), page, thread, broadcast=broadcast)
        if isinstance(outcome, Sent) and len(pages) == 1:
            self._whole.add(delivery.id)
        return outcome

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel's history, or in the thread."""
        return self._poster.find(delivery, self._to(delivery), delivery.payload.get("thread"))

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """The next page, where there is one; the next counselor, where an alert cannot be delivered; where a thread
        was opened or lost, how the student goes on."""
        if isinstance(outcome, Refused) and outcome.reason in NO_THREAD and "thread" in delivery.payload:
            return beside.lost(connection, delivery, now)
        if isinstance(outcome, Sent) and "beside" in delivery.payload:
            self._whole.discard(delivery.id)
            beside.seated(self._house, connection, delivery, outcome, now)
            return ()
        if delivery.subject.startswith("alert:"):
            if isinstance(outcome, Refused):
                return safeguarding.tell_the_next_now(connection, delivery, now)
            if isinstance(outcome, Sent):
                safeguarding.told(connection, delivery, now)
        if delivery.id in self._whole:  # composed a moment ago
            self._whole.discard(delivery.id)
            return ()
        page = delivery.payload.get("page", 0) + 1
        if not isinstance(outcome, Sent) or page >= len(self._pages(delivery)):
            return ()
        payload = {**delivery.payload, "page": page}
        key = f"{delivery.dedupe_key.partition('/page')[0]}/page{page}"
        return [
            Draft(
                delivery.workspace,
                delivery.kind,
                delivery.recipient,
                delivery.subject,
                payload,
                key,
                delivery.due_at,
            )
        ]

    def _pages(self, delivery: Delivery) -> list[Message]:
        return compose(self._house.words, delivery.kind, delivery.payload)

    @staticmethod
    def _to(delivery: Delivery) -> str:
        return delivery.payload.get("channel") or delivery.recipient


class Updater:
    """Carries `update`: a message of ours said anew where it stands."""

    method = "chat.update"

    def __init__(self, house: House, poster: Poster) -> None:
        self._house = house
        self._poster = poster

    def send(self, delivery: Delivery) -> Outcome:
        """Compose and update; the message was made to fit one."""
        with composing():
            message = compose(self._house.words, Kind.SAY, delivery.payload)[0]
        return self._poster.update(delivery, delivery.payload["channel"], delivery.payload["ts"], message)

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Updating again does no harm."""
        return None

    def settled(self, *_: Any) -> Sequence[Draft]:
        """Nothing follows."""
        return ()


def _content(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks}


def _closed(outcome: Outcome) -> Unknown | None:
    """A conversation that will not open: nothing can be looked for in it, and nothing sent there again."""
    return None if isinstance(outcome, Refused) else Unknown(getattr(outcome, "reason", ""))


def _quiet() -> dict[str, Any]:
    """Nothing in a message of ours unfurls, links or pings by itself."""
    return {"unfurl_links": False, "unfurl_media": False, "parse": "none"}


def _metadata(delivery: Delivery) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"delivery": delivery.id}}
