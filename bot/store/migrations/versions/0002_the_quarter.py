"""The quarter: a school's calendar and cadence, receivers' zones and wishes, when an agenda is due, sitting beside."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ADDED: dict[str, dict[str, Any]] = {
    "school": {"calendar": sa.JSON(), "cadence": sa.Text()},
    "person": {"time_zone": sa.String(64), "since": INSTANT, "heard_at": INSTANT, "quiet_since": INSTANT},
    "conference": {"agenda_at": INSTANT},
    "conversation": {"beside": sa.String(32), "beside_channel": sa.String(32), "beside_ts": sa.String(32)},
}
BESIDE = "ix_conversation_beside"


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_index(BESIDE, "conversation", ["workspace", "beside_channel", "beside_ts"])
    op.execute("UPDATE person SET since = (SELECT loaded_at FROM school WHERE school.workspace = person.workspace)")


def downgrade() -> None:
    op.drop_index(BESIDE, "conversation")
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.drop_column(name)
