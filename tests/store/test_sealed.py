"""Sealed columns: what is written is read again, and nothing else is, wherever it was moved to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, String, Text, bindparam, func, insert, literal, select, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import aliased

from bot.store.keyring import NO_KEYS, Keyring, KeyringError
from bot.store.models import ALL_METADATA, Answer, Commitment, Conference, Cue, Note
from bot.store.session import Store
from scheduler import sealed
from scheduler.outbox import Draft, Outbox, deliveries
from scheduler.prepared import Prepared
from scheduler.sealed import MARK, SealedError
from tests.filled import Filled, fill
from tests.stages import url_of

HERE = "T1"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEYS = {"k1": b"1" * 32}
SAID = "Fractions scare me, ñandú"
EVERY = [column for metadata in ALL_METADATA for column in sealed.columns_of(metadata)]
SEALED = [column for column in EVERY if column.table.name != "installation"]
"""What is somebody's; a workspace's token is sealed with them (tests/slack/test_oauth.py)."""
PLAIN = {
    "approval.items": "numbers of answers, in an order",
    "erasure.left": "ids of messages in Slack",
    "run.cards": "parts of the meeting, and seconds",
    "school.*": "the school's own settings",
    "person.*": "the roster: people are found by it",
    "term.*": "the school's calendar",
    "guardian.*": "how a family is reached: a name for a household",
    "conference.*": "date and place",
    "participant.*": "a language",
    "answer.choices": "ids of options",
    "deliveries.reason": "a code of ours or of Slack's",
    "deliveries.ref_ts": "where Slack has it",
    "deliveries.dedupe_key": "numbers",
    "shared_work.link": "where Slack has it",
    "installation.scopes": "what Slack lets the app do",
}
"""Text and JSON that is never sealed, and what stands there instead of people's words."""


@pytest.fixture(params=["sealed", "plain"])
def either(request: pytest.FixtureRequest, store: Store) -> Iterator[Store]:
    """The same with keys and without."""
    opened = Store(url_of(store), Keyring(KEYS) if request.param == "sealed" else NO_KEYS)
    yield opened
    opened.close()


@pytest.fixture
def locked(store: Store) -> Iterator[Store]:
    opened = Store(url_of(store), Keyring(KEYS))
    yield opened
    opened.close()


def filled(store: Store) -> Filled:
    with store.write() as connection:
        return fill(connection, HERE, "noor")


def note(connection: Connection, key: str, text: str = SAID, **more: Any) -> None:
    """A note of Noor's conference."""
    found = connection.execute(select(Conference.id, Conference.student_id)).one()
    values = {"workspace": HERE, "conference_id": found.id, "author_id": found.student_id, "kind": "idea", "at": NOW}
    connection.execute(insert(Note).values(**sealed.row(Note, {**values, "key": key, "text": text, **more})))


def raw(connection: Connection, column: Any) -> list[str]:
    return list(connection.scalars(select(sealed.raw(column))))


def test_whatever_stands_in_a_sealed_column_is_read_as_it_was_written(either: Store) -> None:
    noor = filled(either)
    with either.read() as connection:
        for column in SEALED:
            (found,) = connection.scalars(select(column)).all()
            assert noor.canaries[column.table.name, column.name] in json.dumps(found)


def test_no_word_of_it_stands_in_the_database(locked: Store) -> None:
    noor = filled(locked)
    with locked.read() as connection:
        for column in SEALED:
            (found,) = raw(connection, column)
            assert found.lstrip('"').startswith(f"{MARK}k1:")
            assert noor.canaries[column.table.name, column.name] not in found


def test_it_is_read_under_any_name_and_in_any_kind_of_statement(either: Store) -> None:
    filled(either)
    other, card = aliased(Note, name="other"), aliased(Cue, name="card")
    with either.write() as connection:
        note(connection, "a")
        mine = Note.key == "a"
        assert connection.scalar(select(Note.text.label("words")).where(mine)) == SAID
        assert connection.execute(select(*Note.__table__.c).where(mine)).one().text == SAID
        assert connection.scalar(select(other.text).where(other.key == "a")) == SAID
        inner = select(Note.workspace, Note.key, Note.text).where(mine).subquery()
        assert connection.scalar(select(inner.c.text)) == SAID
        opened = select(sealed.text_of(Note.text).label("opened")).where(mine).subquery()
        assert connection.scalar(select(opened.c.opened)) == SAID
        nobody = select(Note.text, card.text).outerjoin(card, card.conference_id == -Note.id).where(mine)
        assert connection.execute(nobody).one() == (SAID, None)
        both = select(Note.text).where(mine).union_all(select(Note.text).where(Note.key == "nothing"))
        assert connection.scalars(both).all() == [SAID]
        assert Prepared(select(Note.text).where(Note.key == bindparam("a"))).first(connection, {"a": "a"}).text == SAID
        changed = update(Note).where(mine).values(choice="keep").returning(Note.text, Note.choice)
        assert connection.execute(changed).one() == (SAID, "keep")


def test_one_value_of_a_row_is_changed_by_what_the_row_goes_by(either: Store) -> None:
    filled(either)
    with either.write() as connection:
        note(connection, "a")
        reason = sealed.cell(Note.held_reason, "Let's talk first.", workspace=HERE, key="a")
        connection.execute(update(Note).where(Note.key == "a").values(held_reason=reason))
        assert connection.scalar(select(Note.held_reason).where(Note.key == "a")) == "Let's talk first."
        connection.execute(update(Note).where(Note.key == "a").values(held_reason=""))
        assert connection.scalars(select(Note.key).where(Note.held_reason == "")).all() == ["a"]
        with pytest.raises(SealedError, match="goes by workspace, key"):
            sealed.cell(Note.held_reason, "x", key="a")


def test_what_does_not_know_its_row_is_not_written_with_keys_or_without(either: Store) -> None:
    filled(either)
    with either.write() as connection:
        for wrong in (Note.text, Answer.evidence, deliveries.c.payload):
            with pytest.raises((SealedError, StatementError), match="must know its row") as caught:
                connection.execute(update(wrong.table).values({wrong.key: [SAID]}))
            assert SAID not in str(caught.value)
        with pytest.raises(SealedError, match=r"note\.text: its row goes by workspace, key; 'key' is missing"):
            sealed.row(Note, {"workspace": HERE, "text": SAID})


def test_a_cell_does_not_show_what_it_holds() -> None:
    assert SAID not in repr(sealed.row(Note, {"workspace": HERE, "key": "a", "text": SAID}))


@pytest.mark.parametrize("text", [MARK, f"{MARK}k1:AAAA", f'"{MARK}k1:AAAA"', f"{MARK}{MARK}k9:x", f"a{MARK}b", "\x1f"])
def test_who_types_what_sealed_values_look_like_is_read_without_the_mark(either: Store, text: str) -> None:
    filled(either)
    with either.write() as connection:
        note(connection, "a", text, title=f"{text}!")
        found = connection.execute(select(Note.text, Note.title).where(Note.key == "a")).one()
    assert found == (text.replace(MARK, ""), text.replace(MARK, "") + "!")


def test_what_was_sealed_opens_in_its_own_place_only(locked: Store) -> None:
    filled(locked)
    with locked.write() as connection:
        note(connection, "a", "amber", title="birch")
        note(connection, "b", "cedar")
        own = connection.scalar(select(sealed.raw(Note.text)).where(Note.key == "a"))
        there = literal(own, Text)
        for moved, where in ((Note.text, "b"), (Note.title, "a")):  # another row, another column
            connection.execute(update(Note).where(Note.key == where).values({moved.key: there}))
            with pytest.raises(KeyringError, match=rf"A value of note\.{moved.key} does not open") as caught:
                connection.execute(select(moved).where(Note.key == where)).all()
            assert not {"amber", "birch", "cedar"} & set(str(caught.value).split())
        connection.execute(update(Commitment).values(what=there))
        with pytest.raises(KeyringError, match=r"commitment\.what"):
            connection.execute(select(Commitment.what)).all()
        assert connection.scalar(select(Note.text).where(Note.key == "a")) == "amber"


def test_a_row_whose_name_was_changed_does_not_open(locked: Store) -> None:
    filled(locked)
    with locked.write() as connection:
        note(connection, "a")
        connection.execute(update(Note).where(Note.key == "a").values(key="b"))
        with pytest.raises(KeyringError):
            connection.execute(select(Note.text).where(Note.key == "b")).all()


def test_what_was_tampered_with_does_not_open(locked: Store) -> None:
    filled(locked)
    with locked.write() as connection:
        note(connection, "a")
        whole = connection.scalar(select(sealed.raw(Note.text)).where(Note.key == "a")) or ""
        place = len(whole) // 2
        other = "A" if whole[place] != "A" else "B"
        for wrong in (whole[:-8], f"{whole[:place]}{other}{whole[place + 1 :]}", f"{MARK}k1:", f"{MARK}k1:ñ"):
            connection.execute(update(Note).where(Note.key == "a").values(text=literal(wrong, Text)))
            with pytest.raises(KeyringError, match="does not open"):
                connection.execute(select(Note.text).where(Note.key == "a")).all()


def test_the_same_words_sealed_twice_look_different(locked: Store) -> None:
    filled(locked)
    with locked.write() as connection:
        note(connection, "a")
        note(connection, "b")
        one, two = connection.scalars(select(sealed.raw(Note.text)).where(Note.key.in_(["a", "b"])))
    assert one != two


def test_two_stores_of_one_process_each_open_with_their_own_keys(locked: Store) -> None:
    filled(locked)
    read = Prepared(select(Commitment.what))
    with locked.read() as connection:
        assert read.first(connection, {}).what
    without = Store(url_of(locked))
    with pytest.raises(KeyringError, match="the key k1, which is not in ENCRYPTION_KEYS"), without.read() as connection:
        read.first(connection, {})
    without.close()


def test_through_a_function_nothing_is_opened_and_that_is_said_at_once(store: Store) -> None:
    with store.read() as connection, pytest.raises(SealedError, match="only a column is opened"):
        connection.execute(select(func.coalesce(Note.text, Note.title)))


def test_what_is_planned_is_sealed_and_planned_again_it_stays(locked: Store) -> None:
    outbox, later = Outbox("test"), NOW.replace(year=2027)
    wished = [Draft(HERE, "nudge", "U1", "person:1", {"step": "letter", "n": n}, f"nudge:1:{n}", later) for n in (1, 2)]
    with locked.write() as connection:
        assert outbox.replan(connection, HERE, "nudge:1:", wished, NOW).added == 2
        assert all(one.startswith(f'"{MARK}k1:') for one in raw(connection, deliveries.c.payload))
        assert not outbox.differs(connection, HERE, {"nudge:1:": wished}, NOW)
        other = [*wished[:1], Draft(HERE, "nudge", "U1", "person:1", {"step": "agenda"}, "nudge:1:2", later)]
        assert outbox.replan(connection, HERE, "nudge:1:", other, NOW).moved == 1
        found = connection.scalars(select(deliveries.c.payload).order_by(deliveries.c.dedupe_key)).all()
    assert found == [{"step": "letter", "n": 1}, {"step": "agenda"}]


def test_every_column_that_could_hold_words_is_sealed_or_said_to_hold_none() -> None:
    """Ids, states and codes are short; what is not could be somebody's words."""
    long = [
        column
        for metadata in ALL_METADATA
        for table in metadata.sorted_tables
        for column in table.columns
        if not sealed.is_sealed(column.type)
        and (isinstance(column.type, JSON) or (isinstance(column.type, String) and (column.type.length or 999) > 128))
    ]
    named = {f"{column.table.name}.{column.name}" for column in long}
    assert {name for name in named if name not in PLAIN and f"{name.split('.')[0]}.*" not in PLAIN} == set()
