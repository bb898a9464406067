"""The agenda in the channel: what the student approved, posted, pinned, and updated in place, page by page.

When its time has come and nothing is approved, the frame takes its place: when, where, and the parts of the meeting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference import agenda as compiling
from bot.conference.agenda import NOTHING_ADDED, Agenda
from bot.conference.answers import Revision
from bot.conference.approval import approved_agenda
from bot.services.adults import given
from bot.services.channels import channel as conferences
from bot.services.channels import packets, standing, works
from bot.services.channels.channel import NO_CHANNEL, Meeting
from bot.services.family import invitation, mailing
from bot.services.house import House
from bot.services.roster import levels
from bot.services.speech import Kind, Saying
from bot.services.talk import review
from bot.slack.attendance import STRANGER, Attendance
from bot.slack.blocks import Message, messages
from bot.slack.client import SlackApi
from bot.slack.compose import composing
from bot.slack.posting import Poster
from bot.slack.replies import trouble
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

_PINNED = frozenset({"already_pinned"})


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen when a page was sent: how many pages there were, whether they were the frame, and who was there
    that should not be."""

    pages: int
    frame: bool
    strangers: tuple[str, ...] = ()


class Publisher:
    """Carries `agenda`: one page of it, posted or updated."""

    method = "chat.postMessage"

    def __init__(self, house: House, api: SlackApi, poster: Poster, attendance: Attendance) -> None:
        self._house = house
        self._api = api
        self._poster = poster
        self._attendance = attendance
        self._looks: dict[str, _Look] = {}  # by delivery, from the look to the settling

    def send(self, delivery: Delivery) -> Outcome:
        """Look who is in the channel, then post what was approved, as it may be shown now; else the frame.

        With someone there who should not be, nothing new of the student's is posted; what stands there is only ever
        made less. The frame may stand before anybody who was let in.
        """
        now = self._house.clock()
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
            waits = about is not None and standing.waits_until(connection, about.workspace, about.id, now)
            approval = conferences.latest_approval(connection, delivery.workspace, delivery.payload["conference"])
            approved = about is not None and about.takes_part and approval is not None
        if about is None or not about.channel:
            return Refused(NO_CHANNEL)
        if waits:
            return Refused("it is not time yet")
        if not (approved or about.agenda_at or about.stands.pages):
            return Refused("nothing is approved")
        strangers = self._attendance.strangers(about)
        if not isinstance(strangers, frozenset):
            return strangers
        frame = not approved or (bool(strangers) and about.stands.frame)
        with self._house.store.read() as connection:
            less = bool(strangers)
            compiled = self._frame(connection, about) if frame else self._render(connection, about, less=less)
        names = tuple(self._attendance.names(delivery.workspace, strangers)) if approved else ()
        self._looks[delivery.id] = _Look(len(compiled), frame, names)
        held = strangers and approved and not about.stands.pages
        return Refused(STRANGER) if held else self._page(delivery, about, compiled)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel; a page that stands already is updated again."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        if about is None or not about.channel:
            return None
        return self._poster.find(delivery, about.channel)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep where the page stands; pin the first; go on to the next. Tell the advisor where it was held back."""
        conference, number = delivery.payload["conference"], delivery.payload["page"]
        look = self._looks.pop(delivery.id, None)
        about = conferences.meeting(connection, delivery.workspace, conference)
        if about is None:
            return ()
        drafts = self._held(connection, about, look.strangers, now) if look and look.strangers else []
        if not isinstance(outcome, Sent):
            return drafts
        before = about.stands.pages
        stands = [*before[:number], outcome.ts, *before[number + 1 :]]
        if not outcome.ts:  # the pages from here on were taken away
            stands = stands[:number]
        # Found after a restart: what was approved by then stands; where nothing was, the frame.
        frame = look.frame if look else not (about.takes_part and self._approved_before(connection, delivery))
        standing.keep(connection, about.workspace, conference, stands, frame=frame)
        if number == 0 and stands and stands[:1] != list(before[:1]):
            drafts.append(conferences.pin(about.workspace, conference, outcome.ts, now))
        again = self._frame if frame else self._render
        count = look.pages if look else len(again(connection, about))
        if number + 1 < max(count, len(stands)):
            key = delivery.dedupe_key.partition(":page")[0].removeprefix(f"{Kind.AGENDA}:{conference}:")
            drafts.append(conferences.page(about.workspace, conference, key, number + 1, now))
        elif not frame:
            less = bool(look and look.strangers)
            drafts += packets.steps(self._house, connection, about.workspace, conference, delivery.id, now, less=less)
            agenda, revisions = self._agenda(connection, about) if not less else (None, ())
            if agenda is not None:
                drafts += works.steps(connection, about.workspace, conference, agenda, revisions, delivery.id, now)
                approval = conferences.latest_approval(connection, about.workspace, conference)
                number = approval.number if approval is not None else 0
                drafts += mailing.agenda(connection, about.workspace, conference, number, now)
        return drafts

    def _approved_before(self, connection: Connection, delivery: Delivery) -> bool:
        conference = delivery.payload["conference"]
        return conferences.approved_by(connection, delivery.workspace, conference, delivery.created_at)

    def _page(self, delivery: Delivery, about: Meeting, compiled: Sequence[Message]) -> Outcome:
        number, channel = delivery.payload["page"], about.channel or ""
        if number >= len(compiled):
            return self._remove(channel, about.stands.pages[number:])
        if number < len(about.stands.pages):
            updated = self._poster.update(delivery, channel, about.stands.pages[number], compiled[number])
            if updated != Refused("message_not_found"):
                return updated
            # somebody took it out of the channel: it is posted again
        return self._poster.post(delivery, channel, compiled[number])

    def _remove(self, channel: str, pages: Sequence[str]) -> Outcome:
        for ts in pages:
            reply = self._api.call("chat.delete", {"channel": channel, "ts": ts})
            if not reply.ok and reply.error != "message_not_found":
                return trouble(reply, "chat.delete")
        return Sent(channel, "")

    def _held(self, connection: Connection, about: Meeting, strangers: Sequence[str], now: datetime) -> list[Draft]:
        """Tell the advisor, once for what is held back and these people."""
        approval = conferences.latest_approval(connection, about.workspace, about.id)
        context = {
            "student": conferences.student_name(about),
            "strangers": list(strangers),
            "channel": about.name or "",
        }
        digest = hashlib.sha256("\n".join(strangers).encode()).hexdigest()[:16]
        key = f"held:{about.id}:{approval.number if approval else 0}:{digest}"
        return conferences.tell_advisor(about, Saying("agenda_held", context), key, now)

    def _render(self, connection: Connection, about: Meeting, *, less: bool = False) -> list[Message]:
        """The pages of the approved agenda as it may be shown now.

        `less`: only what was in every approval, so that nothing comes up that does not stand there already.
        """
        agenda, _ = self._agenda(connection, about, less=less)
        return self._pages("agenda", about, agenda) if agenda is not None else []

    def _frame(self, connection: Connection, about: Meeting) -> list[Message]:
        """When, where, and the parts of the meeting: nothing of what the student wrote. In the student's language, and
        then in each other one of the family in the channel."""
        spoken = invitation.languages(connection, about.workspace, about.id)
        frame = compiling.frame(about.minutes)
        return [
            page
            for language in dict.fromkeys([about.language, *spoken])
            for page in self._pages("agenda_frame", replace(about, language=language), frame)
        ]

    def _pages(self, template: str, about: Meeting, agenda: Agenda) -> list[Message]:
        words = self._house.words
        language = words.language(about.language)
        meeting = compiling.Meeting(conferences.student_name(about), about.date, about.time, about.minutes, about.place)
        with composing():
            context = compiling.agenda_context(agenda, meeting, lambda key: words.catalog.label(language, key))
            return messages(words.catalog.render(language, template, context), {})

    def _agenda(
        self, connection: Connection, about: Meeting, *, less: bool = False
    ) -> tuple[Agenda | None, tuple[Revision, ...]]:
        approval = conferences.latest_approval(connection, about.workspace, about.id)
        if approval is None:
            return None, ()
        always = conferences.always_approved
        items = always(connection, about.workspace, about.id) if less else approval.items
        language = self._house.words.language(about.language)
        level = levels.of_conference(connection, about.workspace, about.id)
        read = review.material(connection, about.workspace, about.id)
        revisions = works.linked(read.revisions, works.shared(connection, about.workspace, about.id))
        flows = review.flows_of(self._house, language, level)
        # What adults gave is not part of an approval: by keeping it the student said that it may stand here.
        added = NOTHING_ADDED if less else given.added_of(connection, about.workspace, [about.id])[about.id]
        agenda = approved_agenda(items, revisions, read.settings, flows, about.minutes, approval.opening, added=added)
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
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        if about is None or not about.channel:
            return Refused(NO_CHANNEL)
        reply = self._api.call("pins.add", {"channel": about.channel, "timestamp": delivery.payload["ts"]})
        done = reply.ok or reply.error in _PINNED
        return Sent(about.channel, delivery.payload["ts"]) if done else trouble(reply, "pins.add")

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Pinning again does no harm."""
        return None

    def settled(self, *_: Any) -> Sequence[Draft]:
        """Nothing follows."""
        return ()
