"""Trust: alerts' history, who saw and changed what, what was erased, copies, consent, how long it is kept."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
INSTANT = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED: dict[str, dict[str, tuple[Any, Any]]] = {  # the type, and what those have that are there already
    "school": {"hours": (sa.Text(), EMPTY), "keep_days": (sa.Integer(), sa.text("90"))},
    "person": {"consent": (sa.Boolean(), sa.true()), "account": (sa.String(16), EMPTY)},
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, (kind, first) in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=first))
    _note()
    _alert_event()
    _audit()
    _erasure()
    op.create_table(
        "copied",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False, server_default=EMPTY),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_copied"),
    )


def downgrade() -> None:
    for table in ("copied", "erasure", "audit", "alert_event"):
        op.drop_table(table)
    _note_of_a_conference()
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)


def _note() -> None:
    """What an adult wrote of a student who never had a conference can be kept too."""
    with op.batch_alter_table("note") as batch:
        batch.add_column(sa.Column("student_id", KEY))
        batch.create_foreign_key("fk_note_student_id_person", "person", ["student_id"], ["id"])
        batch.alter_column("conference_id", existing_type=KEY, nullable=True)


def _note_of_a_conference() -> None:
    op.execute("UPDATE alert SET note_id = NULL WHERE note_id IN (SELECT id FROM note WHERE conference_id IS NULL)")
    op.execute("DELETE FROM note WHERE conference_id IS NULL")
    with op.batch_alter_table("note") as batch:
        batch.drop_constraint("fk_note_student_id_person", type_="foreignkey")
        batch.drop_column("student_id")
        batch.alter_column("conference_id", existing_type=KEY, nullable=False)


def _alert_event() -> None:
    op.create_table(
        "alert_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("by_id", KEY),
        sa.Column("to_id", KEY),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_event_alert_id_alert"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name="fk_alert_event_by_id_person"),
        sa.ForeignKeyConstraint(["to_id"], ["person.id"], name="fk_alert_event_to_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_event"),
    )
    op.create_index("ix_alert_event", "alert_event", ["alert_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("act", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("thing", sa.String(64), nullable=False, server_default=EMPTY),
        sa.Column("student_id", sa.BigInteger()),
        sa.Column("number", sa.BigInteger()),
        sa.Column("link", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("workspace", "number", name="uq_audit_workspace_number"),
    )
    op.create_index("ix_audit_student", "audit", ["workspace", "student_id"])


def _erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("person_id", sa.BigInteger()),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        sa.UniqueConstraint("workspace", "digest", name="uq_erasure_workspace_digest"),
    )
