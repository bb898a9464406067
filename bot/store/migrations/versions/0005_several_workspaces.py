"""Several workspaces: where the app was installed by OAuth, with its sealed token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("workspace", sa.String(32), nullable=False),
        sa.Column("enterprise", sa.String(32)),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("bot_user", sa.String(32), nullable=False),
        sa.Column("bot_id", sa.String(32), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installed_at", INSTANT, nullable=False),
        sa.Column("gone_at", INSTANT),
        sa.PrimaryKeyConstraint("workspace", name="pk_installation"),
    )


def downgrade() -> None:
    op.drop_table("installation")
