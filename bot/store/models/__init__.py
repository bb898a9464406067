"""What is kept. Every row bears its workspace (Slack's team id); answers are revisions and are only ever added to."""

from __future__ import annotations

from bot.store.models.base import Base
from bot.store.models.meeting import (
    Approval,
    Commitment,
    CommitmentCheck,
    Conference,
    Cue,
    Item,
    Participant,
    Run,
    SharedWork,
)
from bot.store.models.school import Guardian, Person, School, Term
from bot.store.models.slack import Installation, SeenEvent
from bot.store.models.talk import Answer, Conversation, FlowState, Note
from bot.store.models.trust import Alert, AlertEvent, Audit, Copied, Erasure
from scheduler.outbox import metadata as outbox_metadata

ALL_METADATA = (Base.metadata, outbox_metadata)

__all__ = [
    "ALL_METADATA",
    "Alert",
    "AlertEvent",
    "Answer",
    "Approval",
    "Audit",
    "Base",
    "Commitment",
    "CommitmentCheck",
    "Conference",
    "Conversation",
    "Copied",
    "Cue",
    "Erasure",
    "FlowState",
    "Guardian",
    "Installation",
    "Item",
    "Note",
    "Participant",
    "Person",
    "Run",
    "School",
    "SeenEvent",
    "SharedWork",
    "Term",
]
