"""What Slack refused for good although somebody waited for it: the coordinators are told what, to whom, and why.

Of one reason each coordinator hears twice a day at most: a few minutes after the first, with all that came meanwhile,
and the next school morning of what came after that. Nobody is ever told of one and the same receiver twice a day.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from bot.services.addressee import addressee
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Kind, Saying, Voice
from bot.store.models import Person
from bot.store.session import AnyRow
from scheduler import sealed
from scheduler.calendar import Audience, Calendar
from scheduler.outbox import Delivery, State, deliveries
from scheduler.outcomes import Refused
from scheduler.walltime import DAY, resolve, zone_of

log = logging.getLogger("bot.services")

SUBJECT = "dead letters"
GATHER = timedelta(minutes=2)
"""So long after the first refusal the coordinators are told, of all of them at once."""

NAMED = 5
"""Receivers named in one message; the others are counted."""

REMEMBERED = 500
"""Receivers told apart in one message."""

COMPOSING = "could not be composed"
FILE_LOST = frozenset({"the file could not be put", "the file could not be fetched"})
"""No condition of our own: what a file comes to that was tried several times."""

_WHY = {
    "user_not_found": "gone",
    "users_not_found": "gone",
    "user_disabled": "gone",
    "user_not_visible": "gone",
    "account_inactive": "gone",
    "cannot_dm_user": "gone",
    "channel_not_found": "channel_gone",
    "is_archived": "archived",
    "not_in_channel": "not_in_channel",
    "restricted_action": "not_allowed",
    "restricted_action_read_only_channel": "not_allowed",
    "restricted_action_thread_only_channel": "not_allowed",
    "restricted_action_non_threadable_channel": "not_allowed",
    "restricted_action_thread_locked": "not_allowed",
    "no_permission": "not_allowed",
    "missing_scope": "scope",
    "not_allowed_token_type": "scope",
    "msg_too_long": "too_long",
    "msg_blocks_too_long": "too_long",
    "too_many_attachments": "too_long",
    COMPOSING: "words",
    "invalid_blocks": "words",
    "invalid_blocks_format": "words",
    "no_text": "words",
}
"""What Slack's errors come to; https://docs.slack.dev/reference/methods/chat.postMessage#errors and those of the
other calls a carrier makes."""

_AGENDA = frozenset({Kind.AGENDA, Kind.OPENING, Kind.PIN, Kind.WORK})
_ANSWERS = frozenset({"given", "held_back"})  # to a student: no reminders, though they wait for the morning like those
_REPORTS = frozenset({"invite_report", "channel_blocked", "agenda_held"})
# An App Home, a look-up and an old message said anew keep nobody waiting; of a channel and its guests the advisor is
# told in a message of their own (bot.slack.gathering).
_NOBODY_WAITS = frozenset({Kind.HOME, Kind.MEET, Kind.UPDATE, Kind.CHANNEL, Kind.INVITE})


def tell(house: House, connection: Connection, delivery: Delivery, refused: Refused, now: datetime) -> None:
    """In the transaction that settles a refusal: see to it that the coordinators hear of it, if it is for them.

    A refusal by a condition of our own (somebody in the channel who should not be there, nothing approved) and of an
    alert has its own message, and is none of theirs. Theirs being refused is told nobody but the log.
    """
    code, ours = _reason(refused.reason)
    if ours or delivery.kind in _NOBODY_WAITS or delivery.subject.startswith("alert:"):
        return
    if delivery.subject == SUBJECT:
        log.error("dead_letters_undeliverable delivery=%s reason=%s", delivery.id, code)
        return
    log.warning("dead_letter delivery=%s kind=%s reason=%s", delivery.id, delivery.kind, code)
    letter = _letter(connection, delivery)
    calendar = calendar_of(connection, delivery.workspace)
    for coordinator in _coordinators(connection, delivery):
        _Telling(house, connection, delivery, code, calendar, coordinator, now).tell(letter)


def _reason(reason: str) -> tuple[str, bool]:
    """Slack's error or what else went wrong, and whether it is a condition of our own, which is put in words."""
    code = reason.partition(":")[0].strip()
    return code, code not in (COMPOSING, *FILE_LOST) and not code.replace("_", "").isalnum()


def undelivered(kind: str, reason: str) -> str:
    """What kept something from being delivered, for whoever counts it; "" for a condition of our own. That a letter
    was refused never is one: its advisor knows, the coordinators count it."""
    code, ours = _reason(reason)
    if kind == Kind.MAIL:
        return f"e-mail: {reason}"
    return "" if ours else code.replace("_", " ")


def _letter(connection: Connection, delivery: Delivery) -> dict[str, Any]:
    """What it was and for whom: {"what", "name" ("" if nobody knows), "channel"}."""
    to = addressee(connection, delivery.workspace, delivery.recipient)
    return {"what": _what(delivery.kind, delivery.payload), "name": to.name, "channel": to.channel}


def _what(kind: str, payload: Mapping[str, Any]) -> str:
    if kind == Kind.ASK:
        return "question"
    if kind in _AGENDA:
        return "agenda"
    name = str(payload.get("message" if kind == Kind.NUDGE else "template", ""))
    if kind == Kind.REPORT or name in _REPORTS:
        return "report"
    if "digest" in name or "digest" in str(payload.get("step", "")):
        return "digest"
    return "reminder" if kind == Kind.NUDGE and name not in _ANSWERS else "message"


def _coordinators(connection: Connection, delivery: Delivery) -> list[AnyRow]:
    """Those who can be told; who could not be reached just now is not tried with it."""
    rows = connection.execute(
        select(Person.id, Person.slack_id, Person.language, Person.time_zone)
        .where(
            Person.workspace == delivery.workspace,
            Person.role == "coordinator",
            Person.slack_id.is_not(None),
            Person.slack_id != delivery.recipient,
            Person.active.is_(True),
        )
        .order_by(Person.id)
    )
    return list(rows)


class _Telling:
    """One coordinator, and one reason of one day."""

    def __init__(
        self,
        house: House,
        connection: Connection,
        delivery: Delivery,
        code: str,
        calendar: Calendar,
        coordinator: AnyRow,
        now: datetime,
    ) -> None:
        self._house = house
        self._connection = connection
        self._refused = delivery
        self._why = _WHY.get(code, "other")
        self._code = code
        self._calendar = calendar
        self._zone = zone_of(coordinator.time_zone or "", calendar.zone)
        self._now = now
        key = f"dead:{calendar.today(now)}:{code[:80]}:{coordinator.id}"
        self._voice = Voice(delivery.workspace, coordinator.slack_id, coordinator.language, SUBJECT, key, now)

    def tell(self, letter: Mapping[str, Any]) -> None:
        """Put it, or add it to what waits to be told."""
        first = self._stored(0)
        if first is None:
            self._put(letter, 0, self._now + GATHER)
        elif first.state == State.SCHEDULED:
            self._add(first, letter)
        elif self._refused.recipient not in first.payload["told"]:
            rest = self._stored(1)
            if rest is None:
                self._put(letter, 1, self._tomorrow())
            else:
                self._add(rest, letter)

    def _stored(self, number: int) -> AnyRow | None:
        table = deliveries.c
        return self._connection.execute(
            select(table.seq, table.id, table.state, table.payload)
            .where(table.workspace == self._voice.workspace, table.dedupe_key == f"{self._voice.key}:{number}")
            .with_for_update()
        ).one_or_none()

    def _put(self, letter: Mapping[str, Any], number: int, at: datetime) -> None:
        """Stored here, not handed back to be put: the next refusal of the same batch must find it."""
        context = {"why": self._why, "reason": self._code.replace("_", " "), "letters": [dict(letter)], "more": 0}
        voice = replace(self._voice, now=self._awake(at))
        draft = voice.draft(
            Kind.SAY,
            {**Saying("dead_letters", context).payload(voice.language), "told": [self._refused.recipient]},
            number,
        )
        self._house.outbox.put(self._connection, [draft], self._now)

    def _add(self, row: AnyRow, letter: Mapping[str, Any]) -> None:
        told, context = row.payload["told"], dict(row.payload["context"])
        if self._refused.recipient in told:
            return
        if len(context["letters"]) < NAMED:
            context["letters"] = [*context["letters"], dict(letter)]
        else:
            context["more"] += 1
        payload = {**row.payload, "context": context, "told": [*told, self._refused.recipient][:REMEMBERED]}
        self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.workspace == self._voice.workspace,
                deliveries.c.seq == row.seq,
                deliveries.c.state == State.SCHEDULED,
            )
            .values(payload=sealed.cell(deliveries.c.payload, payload, id=row.id))
        )

    def _tomorrow(self) -> datetime:
        return resolve(self._calendar.today(self._now) + DAY, time(), self._calendar.zone)

    def _awake(self, at: datetime) -> datetime:
        """That instant, or the first after it at which the coordinator is at work; where no school day is left, the
        first at which they are awake."""
        open_at = self._calendar.from_now(at, self._zone, Audience.STAFF)
        return open_at or _out_of_quiet(at, self._calendar, self._zone)


def _out_of_quiet(at: datetime, calendar: Calendar, zone: ZoneInfo) -> datetime:
    shown = at.astimezone(zone)
    if not calendar.quiet.covers(shown.time()):
        return at
    return resolve(*calendar.quiet.leave(shown.date(), shown.time()), zone)
