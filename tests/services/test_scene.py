"""How a conversation is found: by an index, however many students there are."""

from __future__ import annotations

import re

from bot.services.talk import scene
from bot.store.session import Store
from tests.bench import school
from tests.bench.stub import TEAM

STUDENTS = 300


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
        assert scene.scene_of(connection, "T0OTHER", school.slack_id(3)) is None
