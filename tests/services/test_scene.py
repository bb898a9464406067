"""How a conversation is found, by an index, however many students there are; and that it is saved once a turn."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.errors import TurnLostError
from bot.services.talk import scene
from bot.store.session import Store
from tests.bench import school
from tests.bench.stub import TEAM

STUDENTS = 300
NOW = datetime(2027, 2, 1, 15, tzinfo=UTC)


def test_a_conversation_is_found_without_going_through_them_all(store: Store) -> None:
    school.fill(store, STUDENTS)
    explain = "EXPLAIN QUERY PLAN" if store.sqlite else "EXPLAIN (ANALYZE, FORMAT TEXT)"
    with store.write() as connection:
        form = scene._BY_SLACK_ID._form(connection.dialect)
        values = {"workspace": TEAM, "slack_id": school.slack_id(STUDENTS // 2)}
        given = tuple(values[name] for name in form.names) if form.positional else values
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {form.sql}", given))
    assert not re.search(r"SCAN (conversation|person|deliveries|prompt)", plan), plan
    assert not re.search(rf"conversation.*rows={STUDENTS}", plan), plan


def test_a_student_is_found_by_their_slack_id_and_their_own_conversation(store: Store) -> None:
    school.fill(store, 5)
    with store.write() as connection:
        found = scene.scene_of(connection, TEAM, school.slack_id(3))
        assert found is not None
        assert found.slack_id == school.slack_id(3)
        assert scene.scene_by_id(connection, TEAM, found.conversation) == found
    with store.write() as connection:
        assert scene.scene_of(connection, "T0OTHER", school.slack_id(3)) is None


def test_a_turn_is_lost_where_another_came_between(store: Store) -> None:
    school.fill(store, 3)
    with store.write() as connection:
        read = scene.scene_of(connection, TEAM, school.slack_id(1))
        assert read is not None
        scene.save(connection, read._replace(status="paused"), NOW, None)
    with store.write() as connection, pytest.raises(TurnLostError):
        scene.save(connection, read._replace(status="open"), NOW, None)
    with store.write() as connection:
        now = scene.scene_of(connection, TEAM, school.slack_id(1))
    assert now is not None
    assert (now.status, now.version) == ("paused", read.version + 1)
