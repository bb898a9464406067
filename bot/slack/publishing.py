"""The agenda in the channel: what the student approved, posted, pinned, and updated in place, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.conference import agenda as compiling
from bot.conference.agenda import Agenda
from bot.conference.answers import Revision
from bot.conference.approval import approved_agenda
from bot.services import channel as conferences
from bot.services import review, works
from bot.services.channel import Meeting
from bot.services.house import House
from bot.services.speech import Saying
from bot.slack.blocks import Message, messages
from bot.slack.client import SlackApi
from bot.slack.gathering import pages
from bot.slack.posting import Poster
from bot.slack.replies import trouble
from bot.store.models import School
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

STRANGER = "someone is in the channel who should not be"
_PINNED = frozenset({"already_pinned"})


class Publisher:
    """Carries `agenda`: one page of it, posted or updated."""

    method = "chat.postMessage"

    def __init__(self, house: House, api: SlackApi, poster: Poster, bot_user: str) -> None:
        self._house = house
        self._api = api
        self._poster = poster
        self._bot_user = bot_user
        self._strangers: dict[str, list[str]] = {}  # by delivery, from the look to the settling

    def send(self, delivery: Delivery) -> Outcome:
        """Look who is in the channel, then post what was approved, as it may be shown now."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
            allowed = conferences.belongs(connection, delivery.payload["conference"])
            compiled = self._render(connection, about) if about is not None else []
        if about is None or not about.channel:
            return Refused("there is no channel")
        if not compiled:
            return Refused("nothing is approved")
        members = self._members(about.channel)
        if not isinstance(members, set):
            return members
        if strangers := members - allowed - {self._bot_user}:
            with self._house.store.read() as connection:
                self._strangers[delivery.id] = conferences.names_of(connection, delivery.workspace, strangers)
            return Refused(STRANGER)
        return self._page(delivery, about, compiled)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel; a page that stands already is updated again."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
        if about is None or not about.channel:
            return None
        return self._poster.find(delivery, about.channel)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep where the page stands; pin the first; go on to the next. Tell the advisor where it was held back."""
        conference, number = delivery.payload["conference"], delivery.payload["page"]
        about = conferences.meeting(connection, conference)
        if about is None:
            return ()
        if isinstance(outcome, Refused) and outcome.reason == STRANGER:
            return self._held(connection, delivery, about, now)
        if not isinstance(outcome, Sent):
            return ()
        stands = list(about.agenda_ts)
        stands[number : number + 1] = [outcome.ts] if outcome.ts else []
        conferences.posted(connection, conference, stands)
        drafts = []
        if number == 0 and not about.agenda_ts:
            drafts.append(conferences.pin(about.workspace, conference, outcome.ts, now))
        agenda, revisions = self._agenda(connection, about)
        if number + 1 < max(len(self._render(connection, about)), len(stands)):
            key = delivery.dedupe_key.partition(":page")[0]
            drafts.append(conferences.page(about.workspace, conference, key, number + 1, now))
        elif agenda is not None:
            drafts += works.steps(connection, about.workspace, conference, agenda, revisions, delivery.id, now)
        return drafts

    def _page(self, delivery: Delivery, about: Meeting, compiled: Sequence[Message]) -> Outcome:
        number, channel = delivery.payload["page"], about.channel or ""
        if number >= len(compiled):
            return (
                self._remove(channel, about.agenda_ts[number]) if number < len(about.agenda_ts) else Sent(channel, "")
            )
        if number < len(about.agenda_ts):
            return self._poster.update(delivery, channel, about.agenda_ts[number], compiled[number])
        return self._poster.post(delivery, channel, compiled[number])

    def _remove(self, channel: str, ts: str) -> Outcome:
        reply = self._api.call("chat.delete", {"channel": channel, "ts": ts})
        return Sent(channel, "") if reply.ok or reply.error == "message_not_found" else trouble(reply, "chat.delete")

    def _members(self, channel: str) -> set[str] | Outcome:
        found: set[str] = set()
        for page in pages(self._api, "conversations.members", {"channel": channel, "limit": 200}):
            if not page.ok:
                return trouble(page, "conversations.members")
            found.update(page.data["members"])
        return found

    def _held(self, connection: Connection, delivery: Delivery, about: Meeting, now: datetime) -> Sequence[Draft]:
        strangers = self._strangers.pop(delivery.id, [])
        context = {"student": conferences.student_name(about), "strangers": strangers, "channel": about.channel or ""}
        return conferences.tell_advisor(about, Saying("agenda_held", context), f"held:{delivery.id}", now)

    def _render(self, connection: Connection, about: Meeting) -> list[Message]:
        """The pages of the approved agenda as it may be shown now; none where nothing was approved."""
        agenda, _ = self._agenda(connection, about)
        if agenda is None:
            return []
        words = self._house.words
        language = words.language(about.language)
        meeting = compiling.Meeting(conferences.student_name(about), about.date, about.time, about.minutes, about.place)
        context = compiling.agenda_context(agenda, meeting, lambda key: words.catalog.label(language, key))
        return messages(words.catalog.render(language, "agenda", context), {})

    def _agenda(self, connection: Connection, about: Meeting) -> tuple[Agenda | None, tuple[Revision, ...]]:
        approval = conferences.latest_approval(connection, about.id)
        if approval is None:
            return None, ()
        language = self._house.words.language(about.language)
        level = connection.scalar(select(School.level).where(School.workspace == about.workspace)) or "full"
        read = review.material(connection, about.id)
        revisions = works.linked(read.revisions, works.shared(connection, about.id))
        flows = review.flows_of(self._house, language, level)
        agenda = approved_agenda(approval.items, revisions, read.settings, flows, about.minutes, approval.opening)
        return agenda, revisions


class Pinner:
    """Carries `pin`."""

    method = "pins.add"

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._api = api

    def send(self, delivery: Delivery) -> Outcome:
        """Pin the agenda; that it is pinned already is a success."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
        if about is None or not about.channel:
            return Refused("there is no channel")
        reply = self._api.call("pins.add", {"channel": about.channel, "timestamp": delivery.payload["ts"]})
        done = reply.ok or reply.error in _PINNED
        return Sent(about.channel, delivery.payload["ts"]) if done else trouble(reply, "pins.add")

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Pinning again does no harm."""
        return None

    def settled(self, *_: Any) -> Sequence[Draft]:
        """Nothing follows."""
        return ()
