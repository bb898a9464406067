"""What the bot has put before others than the student, as the audit trail has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.services.audit.trail import BOT, Act, note, note_conference
from bot.services.channels import standing
from bot.services.speech import Kind
from scheduler.cadence import Receiver
from scheduler.outbox import Delivery
from scheduler.outcomes import Sent

_NAMED = {Kind.WORK: "work", Kind.READ_BACK: "commitments", Kind.MAIL: "mail"}
_LONGEST = 24
"""Letters of a kind in the trail."""


def noted(connection: Connection, delivery: Delivery, outcome: Sent, now: datetime) -> None:
    """Add the entry for a delivery that has arrived, if it is one that others than the student see: the agenda (posted,
    changed in place, or taken out), a piece of work, a packet, the commitments, a letter, and what adults are sent of
    their students. To be asked before it is kept where it stands."""
    workspace, conference = delivery.workspace, delivery.payload.get("conference") or 0
    match delivery.kind:
        case Kind.AGENDA:
            what = _of_page(connection, delivery, outcome)
            note_conference(connection, workspace, now, BOT, *what, conference, f"page{delivery.payload['page']}")
        case Kind.FILE:
            what = (Act.CHANGED, "file_taken_out") if delivery.payload["remove"] else (Act.POSTED, "file")
            note_conference(connection, workspace, now, BOT, *what, conference, delivery.payload["file"])
        case Kind.WORK | Kind.READ_BACK | Kind.MAIL:
            note_conference(connection, workspace, now, BOT, Act.POSTED, _NAMED[Kind(delivery.kind)], conference)
        case Kind.NUDGE if delivery.payload["receiver"] not in (Receiver.STUDENT, Receiver.CHANNEL):
            message, student = delivery.payload["message"][:_LONGEST], delivery.payload["student"] or None
            note(connection, workspace, now, BOT, Act.POSTED, message, delivery.id, student)


def _of_page(connection: Connection, delivery: Delivery, outcome: Sent) -> tuple[Act, str]:
    if not outcome.ts:
        return Act.CHANGED, "agenda_taken_out"
    stands = standing.of(connection, delivery.workspace, delivery.payload["conference"]).pages
    return (Act.CHANGED if delivery.payload["page"] < len(stands) else Act.POSTED), "agenda"
