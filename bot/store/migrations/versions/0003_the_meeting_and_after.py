"""The meeting and after: what adults give, who comes, commitments, the script and its runs, levels, households."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
INSTANT = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED: dict[str, dict[str, tuple[Any, Any]]] = {  # the type, and what those have that are there already
    "term": {"level": (sa.String(16), None)},
    "person": {"level": (sa.String(16), None), "chosen_language": (sa.String(8), None)},
    "guardian": {"household": (sa.String(64), EMPTY), "contact": (sa.String(16), "all")},
    "participant": {
        "coming": (sa.String(16), EMPTY),
        "mode": (sa.String(16), EMPTY),
        "interpreter": (sa.Text(), EMPTY),
        "answered_at": (INSTANT, None),
    },
}
NOTE_OF_ALERT = "fk_alert_note_id_note"


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, (kind, first) in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=first is None, server_default=first))
    _note()
    _commitment()
    _commitment_check()
    _cue()
    _run()
    with op.batch_alter_table("alert") as batch:
        batch.add_column(sa.Column("note_id", KEY))
        batch.alter_column("answer_id", existing_type=KEY, nullable=True)
        batch.create_foreign_key(NOTE_OF_ALERT, "note", ["note_id"], ["id"])


def downgrade() -> None:
    op.execute("DELETE FROM alert WHERE answer_id IS NULL")
    with op.batch_alter_table("alert") as batch:
        batch.drop_constraint(NOTE_OF_ALERT, type_="foreignkey")
        batch.drop_column("note_id")
        batch.alter_column("answer_id", existing_type=KEY, nullable=False)
    for table in ("run", "cue", "commitment_check", "commitment", "note"):
        op.drop_table(table)
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)


def _note() -> None:
    op.create_table(
        "note",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("flow", sa.String(32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("choice", sa.String(16), nullable=False),
        sa.Column("held_reason", sa.Text(), nullable=False),
        sa.Column("alarm", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name="fk_note_conference_id_conference"),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name="fk_note_author_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
        sa.UniqueConstraint("workspace", "key", name="uq_note_workspace_key"),
    )
    op.create_index("ix_note_conference", "note", ["workspace", "conference_id"])


def _commitment() -> None:
    op.create_table(
        "commitment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("owner_id", KEY),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due", sa.Date()),
        sa.Column("added_by", KEY, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_at", INSTANT),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name="fk_commitment_conference_id_conference"),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name="fk_commitment_owner_id_person"),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name="fk_commitment_added_by_person"),
        sa.PrimaryKeyConstraint("id", name="pk_commitment"),
        sa.UniqueConstraint("workspace", "key", name="uq_commitment_workspace_key"),
    )
    op.create_index("ix_commitment_conference", "commitment", ["workspace", "conference_id"])


def _commitment_check() -> None:
    op.create_table(
        "commitment_check",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("commitment_id", KEY, nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("by_id", KEY, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["commitment.id"], name="fk_commitment_check_commitment_id_commitment"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_commitment_check_by_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_commitment_check"),
        sa.UniqueConstraint("workspace", "key", name="uq_commitment_check_workspace_key"),
    )
    op.create_index("ix_commitment_check", "commitment_check", ["commitment_id"])


def _cue() -> None:
    op.create_table(
        "cue",
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("topic", sa.String(16), nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name="fk_cue_conference_id_conference"),
        sa.PrimaryKeyConstraint("conference_id", "topic", name="pk_cue"),
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("conference_id", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer()),
        sa.Column("after", sa.Integer()),
        sa.Column("cards", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("ts", sa.String(32), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("card_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"], name="fk_run_conference_id_conference"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("conference_id", "kind", "number", name="uq_run_conference_id_kind_number"),
    )
