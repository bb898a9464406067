"""Everything: the roster, the conferences, what students say, and the outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
TABLES = (
    "school",
    "term",
    "person",
    "guardian",
    "conference",
    "participant",
    "conversation",
    "flow_state",
    "answer",
    "item",
    "approval",
    "shared_work",
    "alert",
    "seen_event",
    "deliveries",
)


def upgrade() -> None:
    _school()
    _term()
    _person()
    _guardian()
    _conference()
    _participant()
    _conversation()
    _flow_state()
    _answer()
    _item()
    _approval()
    _shared_work()
    _alert()
    _seen_event()
    _deliveries()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _school() -> None:
    op.create_table(
        "school",
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("grade_band", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_until", sa.String(length=5), nullable=False),
        sa.Column("counselors", sa.JSON(), nullable=False),
        sa.Column("helplines", sa.JSON(), nullable=False),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace", name=op.f("pk_school")),
    )


def _term() -> None:
    op.create_table(
        "term",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_term_workspace_name")),
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("grade", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("advisor_id", KEY, nullable=True),
        sa.Column("slack_id", sa.String(length=32), nullable=True),
        sa.Column("given_slack_id", sa.String(length=32), nullable=True),
        sa.Column("im", sa.String(length=32), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["advisor_id"], ["person.id"], name=op.f("fk_person_advisor_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("workspace", "key", name=op.f("uq_person_workspace_key")),
        sa.UniqueConstraint("workspace", "slack_id", name=op.f("uq_person_workspace_slack_id")),
    )
    op.create_index("ix_person_email", "person", ["workspace", "email"])


def _guardian() -> None:
    op.create_table(
        "guardian",
        sa.Column("adult_id", KEY, nullable=False),
        sa.Column("student_id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["adult_id"], ["person.id"], name=op.f("fk_guardian_adult_id_person")),
        sa.ForeignKeyConstraint(["student_id"], ["person.id"], name=op.f("fk_guardian_student_id_person")),
        sa.PrimaryKeyConstraint("adult_id", "student_id", name=op.f("pk_guardian")),
    )


def _conference() -> None:
    op.create_table(
        "conference",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("student_id", KEY, nullable=False),
        sa.Column("term_id", KEY, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("time", sa.String(length=5), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("channel_name", sa.String(length=80), nullable=True),
        sa.Column("agenda_ts", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["person.id"], name=op.f("fk_conference_student_id_person")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_conference_term_id_term")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference")),
        sa.UniqueConstraint("student_id", "term_id", name=op.f("uq_conference_student_id_term_id")),
    )
    op.create_index("ix_conference_channel", "conference", ["workspace", "channel"])


def _participant() -> None:
    op.create_table(
        "participant",
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("invite", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conference.id"], name=op.f("fk_participant_conference_id_conference")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_participant_person_id_person")),
        sa.PrimaryKeyConstraint("conference_id", "person_id", name=op.f("pk_participant")),
    )


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("conference_id", KEY, nullable=True),
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("back_to", sa.String(length=32), nullable=False),
        sa.Column("came_from", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.Column("prompt_delivery", sa.String(length=36), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conference.id"], name=op.f("fk_conversation_conference_id_conference")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_conversation_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("workspace", "person_id", name=op.f("uq_conversation_workspace_person_id")),
    )


def _flow_state() -> None:
    op.create_table(
        "flow_state",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_flow_state_conversation_id_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_state")),
        sa.UniqueConstraint("conversation_id", "flow", name=op.f("uq_flow_state_conversation_id_flow")),
    )


def _answer() -> None:
    op.create_table(
        "answer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("conference_id", KEY, nullable=True),
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("revised", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("alarm", sa.String(length=16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name=op.f("fk_answer_conference_id_conference")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_answer_conversation_id_conversation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "workspace",
            "conversation_id",
            "ts",
            "revised",
            "act",
            name=op.f("uq_answer_workspace_conversation_id_ts_revised_act"),
        ),
    )


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("visible", sa.String(length=16), nullable=True),
        sa.Column("develop", sa.String(length=32), nullable=False),
        sa.Column("held_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name=op.f("fk_item_conference_id_conference")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint(
            "conference_id", "flow", "question", "round", name=op.f("uq_item_conference_id_flow_question_round")
        ),
    )


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("opening", sa.String(length=16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conference.id"], name=op.f("fk_approval_conference_id_conference")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("conference_id", "number", name=op.f("uq_approval_conference_id_number")),
    )


def _shared_work() -> None:
    op.create_table(
        "shared_work",
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("copy", sa.String(length=32), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conference.id"], name=op.f("fk_shared_work_conference_id_conference")
        ),
        sa.PrimaryKeyConstraint("conference_id", "file", name=op.f("pk_shared_work")),
    )


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("student_id", KEY, nullable=False),
        sa.Column("answer_id", KEY, nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("taken_by", KEY, nullable=True),
        sa.Column("taken_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], name=op.f("fk_alert_answer_id_answer")),
        sa.ForeignKeyConstraint(["student_id"], ["person.id"], name=op.f("fk_alert_student_id_person")),
        sa.ForeignKeyConstraint(["taken_by"], ["person.id"], name=op.f("fk_alert_taken_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )


def _seen_event() -> None:
    op.create_table(
        "seen_event",
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "id", name=op.f("pk_seen_event")),
        sqlite_with_rowid=False,
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("seq", KEY, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("workspace", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column(
            "dedupe_key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("wanted", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ref_channel", sa.String(length=64), nullable=True),
        sa.Column("ref_ts", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("missing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("checked_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sa.UniqueConstraint("workspace", "dedupe_key", name=op.f("uq_deliveries_workspace_dedupe_key")),
    )
    op.create_index("ix_deliveries_check", "deliveries", ["next_at"], **_where("state = 'unknown'"))
    op.create_index(
        "ix_deliveries_due", "deliveries", ["workspace", "next_at", "due_at", "seq"], **_where("state = 'scheduled'")
    )
    op.create_index(
        "ix_deliveries_expiry", "deliveries", ["expires_at"], **_where("state = 'scheduled' AND expires_at IS NOT NULL")
    )
    op.create_index(
        "ix_deliveries_lane", "deliveries", ["workspace", "recipient", "due_at", "seq"], **_where("settled_at IS NULL")
    )
    op.create_index("ix_deliveries_lease", "deliveries", ["lease_until"], **_where("state = 'sending'"))
    op.create_index("ix_deliveries_subject", "deliveries", ["workspace", "subject"])


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on either database."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
