from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, select, update

from bot.store.models import Base, Commitment, Conference, Person
from bot.store.session import Store
from bot.store.whose import NOBODYS, TABLES, TIES, Tie, in_order, naming, pointers, rows_by, rows_of
from scheduler import sealed
from scheduler.outbox import Draft, Outbox, deliveries
from tests.filled import NOW, Filled, fill

HERE, THERE = "T0HERE", "T0THERE"
LIKE_A_PERSON = re.compile(r"person|student|adult|author|actor|owner_id|advisor|_id$|_by$")


def gaps(tables: Iterable[Table]) -> list[str]:
    """What of a schema `whose` has no rule for."""
    found = []
    for table in tables:
        if table.name not in NOBODYS:
            try:
                rows_of(table, HERE, 1)
            except KeyError:
                found.append(table.name)
        for column in table.columns:
            targets = {key.column.table.name for key in column.foreign_keys}
            looks = LIKE_A_PERSON.search(column.name) and not targets - {"person"} and column.name not in _OTHERS
            if ("person" in targets or looks) and column.name not in TIES.get(table.name, {}):
                found.append(f"{table.name}.{column.name}")
    return found


_OTHERS = frozenset({"term_id", "slack_id", "given_slack_id", "app_id", "bot_id"})


def test_every_table_has_a_rule_and_every_column_that_says_a_person_a_tie() -> None:
    assert gaps(TABLES.values()) == []


def test_a_table_is_either_nobodys_or_has_rows_of_somebody() -> None:
    assert {*NOBODYS} | {table.name for table in in_order()} == TABLES.keys()
    for name, ties in TIES.items():
        assert ties.keys() <= {column.name for column in TABLES[name].columns}


@pytest.mark.parametrize(
    ("column", "gap"),
    [
        (Column("reader_id", ForeignKey(Person.id)), ["new", "new.reader_id"]),
        (Column("student_id", BigInteger()), ["new", "new.student_id"]),
        (Column("words", String()), ["new"]),
    ],
    ids=["a foreign key to a person", "a number of a person", "no foreign key at all"],
)
def test_a_new_table_without_a_rule_is_found(column: Column[Any], gap: list[str]) -> None:
    new = Table("new", Base.metadata, Column("id", Integer(), primary_key=True), Column("workspace", String()), column)
    try:
        assert gaps([new]) == gap
    finally:
        Base.metadata.remove(new)


def test_a_new_foreign_key_to_a_person_without_a_tie_is_found_though_its_table_has_a_rule() -> None:
    metadata = MetaData()
    for table in TABLES.values():
        table.to_metadata(metadata)
    note = metadata.tables["note"]
    note.append_column(Column("reader_id", ForeignKey(metadata.tables["person"].c.id)))
    assert gaps([note]) == ["note.reader_id"]


def of(store: Store, table: Table, workspace: str, person: int) -> list[tuple[Any, ...]]:
    """What is about a person, by primary key."""
    keys = [*table.primary_key.columns]
    with store.read() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*keys).where(rows_of(table, workspace, person))))


def filled(store: Store, workspace: str = HERE) -> tuple[Filled, Filled]:
    with store.write() as connection:
        return fill(connection, workspace, "noor"), fill(connection, workspace, "theo")


def test_of_two_students_each_has_one_row_in_every_table_and_none_of_the_others(store: Store) -> None:
    noor, theo = filled(store)
    for table in in_order():
        hers, his = of(store, table, HERE, noor.person), of(store, table, HERE, theo.person)
        assert len(hers) == len(his) == 1, table.name
        assert hers != his, table.name


def test_nothing_of_a_student_is_found_in_another_workspace(store: Store) -> None:
    noor, _ = filled(store)
    with store.write() as connection:
        fill(connection, THERE, "zara")
    assert all(of(store, table, THERE, noor.person) == [] for table in in_order())


def test_what_an_adult_wrote_stands_in_the_students_record_and_is_found_for_the_adult_too(store: Store) -> None:
    noor, _ = filled(store)
    made = []
    with store.read() as connection:
        for table in in_order():
            if connection.execute(select(table).where(rows_by(table, HERE, noor.adult))).first():
                made.append(table.name)
    assert made == [
        name for name in TABLES if name in ("note", "commitment", "commitment_check", "alert", "alert_event")
    ]
    assert of(store, TABLES["note"], HERE, noor.adult) == []


def test_taken_out_from_the_end_of_the_order_no_row_is_left_that_points_to_one_that_is_gone(store: Store) -> None:
    noor, theo = filled(store)
    with store.write() as connection:
        for table in reversed(in_order()):
            connection.execute(table.delete().where(rows_of(table, HERE, noor.person)))
    assert all(of(store, table, HERE, noor.person) == [] for table in in_order())
    assert all(len(of(store, table, HERE, theo.person)) == 1 for table in in_order())


def test_what_only_points_to_somebody_can_be_emptied() -> None:
    assert all(column.nullable for table in in_order() for column in pointers(table))
    named = {(name, column) for name, ties in TIES.items() for column, tie in ties.items() if tie is Tie.NAMED}
    assert named == {(table.name, column.name) for table in in_order() for column in pointers(table)}


# --- deliveries ------------------------------------------------------------------------------------------------------


def put(store: Store, recipient: str, subject: str, payload: dict[str, Any] | None = None, **more: str) -> int:
    """A delivery; its seq."""
    with store.write() as connection:
        key = f"{recipient}/{subject}/{payload}"
        [one] = Outbox("test").put(connection, [Draft(HERE, "say", recipient, subject, payload or {}, key, NOW)], NOW)
        if more:
            connection.execute(update(deliveries).where(deliveries.c.seq == one.seq).values(**more))
        return one.seq


def known(store: Store) -> Filled:
    """A student with an account, a DM and a channel."""
    noor, _ = filled(store)
    with store.write() as connection:
        connection.execute(
            update(Person).where(Person.id == noor.person).values(slack_id="UNOOR", im="DNOOR", name="Noor Haddad")
        )
        connection.execute(update(Conference).where(Conference.id == noor.rows["conference"]).values(channel="CNOOR"))
    return noor


def test_a_delivery_is_a_students_by_whom_it_went_to_by_what_it_is_about_and_by_where_it_stands(store: Store) -> None:
    noor = known(store)
    conference, alert = noor.rows["conference"], noor.rows["alert"]
    theirs = [
        put(store, "UNOOR", "school"), put(store, "home:UNOOR", "slack:UNOOR"),
        put(store, f"mail:{noor.person}", "school"), put(store, f"conference:{conference}", "school"),
        put(store, "UOKAFOR", f"person:{noor.person}"),
        put(store, "UAMAL", f"conference:{conference}"), put(store, "UBELL", f"alert:{alert}"),
        put(store, "UOLD", "slack:UOLD", ref_channel="DNOOR"), put(store, "UOLD", "school", ref_channel="CNOOR"),
    ]  # fmt: skip
    put(store, "UTHEO", f"person:{noor.person}0")
    put(store, f"conference:{conference}0", f"alert:{alert}0")
    with store.read() as connection:
        mine = select(deliveries.c.seq).where(rows_of(deliveries, HERE, noor.person))
        assert sorted(connection.scalars(mine)) == sorted([noor.rows["deliveries"], *theirs])


def test_what_others_were_told_of_a_student_is_found_by_name_number_and_words(store: Store) -> None:
    noor = known(store)
    said = "I measured the scale for the whole football field"
    with store.write() as connection:
        mine = Commitment.id == noor.rows["commitment"]
        named = connection.execute(select(Commitment.workspace, Commitment.key).where(mine)).one()
        what = sealed.row(Commitment, {"what": said}, named._mapping)
        connection.execute(update(Commitment).where(mine).values(**what))
    speaking = [
        put(store, "UOKAFOR", "person:999", {"context": {"quiet": [{"name": "Noor", "days": 3}]}}),
        put(store, "UOKAFOR", "person:999", {"context": {"names": "Theo, NOOR."}}),
        put(store, "UOKAFOR", "person:999", {"student": noor.person}),
        put(store, "UOKAFOR", "person:999", {"context": {"quote": "I  measured the scale for the whole foot…"}}),
        put(store, "UOKAFOR", "person:999", {"when": [{"conference": noor.rows["conference"]}]}),
    ]
    put(store, "UOKAFOR", "person:999", {"context": {"quiet": ["Noora"], "count": noor.person}})
    put(store, "UNOOR", "person:999", {"context": {"names": "Noor"}})  # hers anyway
    with store.read() as connection:
        assert naming(connection, HERE, noor.person) == speaking


def test_who_left_slack_still_has_what_they_were_told_in_their_own_name(store: Store) -> None:
    noor = known(store)
    told = put(store, "UNOOR", f"person:{noor.person}")
    with store.write() as connection:
        connection.execute(update(Person).where(Person.id == noor.person).values(slack_id=None, im=None))
    assert (told,) in of(store, deliveries, HERE, noor.person)


def test_a_table_without_a_rule_is_refused_by_name() -> None:
    new = Table("new", MetaData(), Column("workspace", String()))
    with pytest.raises(KeyError, match="new has no rule"):
        rows_of(new, HERE, 1)


def test_the_filled_rows_are_all_there(store: Store) -> None:
    """Else nothing above would be shown."""
    noor, _ = filled(store)
    assert {table for table, _ in noor.canaries} == {table.name for table in in_order()}
    with store.read() as connection:
        stored = connection.execute(select(TABLES["answer"])).mappings().first()
    assert stored is not None
    assert stored["text"] == noor.canaries["answer", "text"]
