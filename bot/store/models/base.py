"""What all tables have in common."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Integer, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase

from scheduler.deliveries import NAMING, Instant

Key = BigInteger().with_variant(Integer, "sqlite")
EMPTY = text("''")  # what a column has for rows that were there before it

# What the rows of tables with sealed columns go by (scheduler.sealed): it never changes.
REVISION = ("conversation_id", "ts", "revised", "act")
SPOT = ("conference_id", "flow", "question", "round")
KEYED = ("workspace", "key")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant, date: Date, dict[str, Any]: JSON, str: Text}  # noqa: RUF012
