"""The audit trail's chain: tied in order, and whatever is done to it afterwards shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, func, insert, select, text, update

from bot.cli.main import main
from bot.services.audit import chain
from bot.services.audit.chain import Fault, Head, Kind, let_go, tie, verify
from bot.services.audit.trail import CLI, Act, note, person
from bot.store import migrate as schema
from bot.store.models import Audit, Person, School
from bot.store.session import Store

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
T, OTHER = "T1", "T2"


def write(store: Store, count: int = 1, workspace: str = T, at: datetime = NOW) -> None:
    with store.write() as connection:
        for number in range(count):
            when = at + timedelta(seconds=number)
            note(connection, workspace, when, person(7), Act.SAW, "agenda", f"conference:{number}", 3)


def tied(store: Store, count: int = 5) -> Head:
    write(store, count)
    tie(store, T)
    return head(store)


def head(store: Store, workspace: str = T) -> Head:
    with store.read() as connection:
        return verify(connection, workspace).head


def fault(store: Store, noted: Head | None = None) -> Fault | None:
    with store.read() as connection:
        return verify(connection, T, noted).fault


def entries(store: Store, workspace: str = T) -> list[tuple[int | None, str]]:
    with store.read() as connection:
        rows = connection.execute(
            select(Audit.number, Audit.thing).where(Audit.workspace == workspace).order_by(Audit.id)
        )
        return [(row.number, row.thing) for row in rows]


def test_what_is_new_is_numbered_in_order_and_holds(store: Store) -> None:
    write(store, 3)
    write(store, 2, OTHER)
    assert (tie(store, T), tie(store, T)) == (3, 0)
    write(store, 1)
    assert tie(store, T) == 1
    assert [number for number, _ in entries(store)] == [1, 2, 3, 4]
    assert [number for number, _ in entries(store, OTHER)] == [None, None]
    assert fault(store) is None
    assert head(store).number == 4


def test_more_than_one_batch_is_tied_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    write(store, 5)
    assert tie(store, T) == 5
    assert fault(store) is None


def test_what_is_not_tied_yet_is_counted_and_is_no_fault(store: Store) -> None:
    tied(store, 2)
    write(store, 3, at=NOW + timedelta(hours=1))
    with store.read() as connection:
        verdict = verify(connection, T)
    assert (verdict.fault, verdict.entries, verdict.untied) == (None, 2, 3)
    assert verdict.oldest == NOW + timedelta(hours=1)


def test_an_empty_trail_holds(store: Store) -> None:
    assert tie(store, T) == 0
    assert fault(store) is None


COLUMNS = {
    "at": NOW + timedelta(microseconds=1),
    "actor": "person:8",
    "act": "exported",
    "kind": "other",
    "thing": "conference:9",
    "student_id": 4,
    "link": "f" * 64,
    "id": 999,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_field_is_found(store: Store, column: str) -> None:
    tied(store)
    with store.write() as connection:
        connection.execute(update(Audit).where(Audit.number == 3).values({column: COLUMNS[column]}))
    assert fault(store) == Fault(Kind.CHANGED, 3, 3)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 4)])
def test_entries_taken_out_are_found(store: Store, first: int, last: int) -> None:
    tied(store)
    with store.write() as connection:
        connection.execute(delete(Audit).where(Audit.number.between(first, last)))
    assert fault(store) == Fault(Kind.REMOVED, first, last)


def test_a_gap_that_was_closed_is_found(store: Store) -> None:
    tied(store)
    with store.write() as connection:
        connection.execute(delete(Audit).where(Audit.number == 2))
        for number in (3, 4, 5):
            connection.execute(update(Audit).where(Audit.number == number).values(number=number - 1))
    assert fault(store) == Fault(Kind.CHANGED, 2, 2)


def test_an_entry_put_in_is_found(store: Store) -> None:
    tied(store)
    forged = {"workspace": T, "at": NOW, "actor": "bot", "act": "saw", "kind": "agenda", "thing": "", "link": "a" * 64}
    with store.write() as connection:
        for number in (5, 4, 3):
            connection.execute(update(Audit).where(Audit.number == number).values(number=number + 1))
        connection.execute(insert(Audit).values(**forged, number=3))
    assert fault(store) == Fault(Kind.INSERTED, 3, 3)


@pytest.mark.parametrize("number", [0, 6])
def test_an_entry_put_before_the_first_or_after_the_last_is_found(store: Store, number: int) -> None:
    tied(store)
    forged = {"workspace": T, "at": NOW, "actor": "bot", "act": "saw", "kind": "agenda", "thing": "", "link": "a" * 64}
    with store.write() as connection:
        connection.execute(insert(Audit).values(**forged, number=number))
    found = fault(store)
    assert found is not None
    assert found.number == number


def test_two_entries_that_changed_places_are_found(store: Store) -> None:
    tied(store)
    with store.write() as connection:
        for number, other in ((2, 99), (4, 2), (99, 4)):
            connection.execute(update(Audit).where(Audit.number == number).values(number=other))
    found = fault(store)
    assert found is not None
    assert found.number == 2


def test_an_entry_taken_out_of_the_chain_only_is_found(store: Store) -> None:
    tied(store)
    with store.write() as connection:
        connection.execute(update(Audit).where(Audit.number == 5).values(number=None))
    assert fault(store) == Fault(Kind.UNTIED, 0, 0)


def test_a_trail_cut_off_at_its_end_is_found_by_a_head_noted_before_and_only_so(store: Store) -> None:
    noted = tied(store)
    with store.write() as connection:
        connection.execute(delete(Audit).where(Audit.number > 3))
    assert fault(store) is None
    assert fault(store, noted) == Fault(Kind.CUT, 4, 5)


def test_a_trail_made_anew_is_found_by_a_head_noted_before(store: Store) -> None:
    noted = tied(store)
    with store.write() as connection:
        connection.execute(update(Audit).values(number=None, link=None))
        connection.execute(update(Audit).where(Audit.thing == "conference:1").values(actor="person:8"))
    tie(store, T)
    write(store, 2)
    tie(store, T)
    assert fault(store) is None
    assert fault(store, noted) == Fault(Kind.REWRITTEN, 1, 5)


def test_a_head_noted_before_is_passed_by_what_came_after_it(store: Store) -> None:
    noted = tied(store)
    write(store, 3)
    tie(store, T)
    assert fault(store, noted) is None
    assert Head.parse(noted.text()) == noted


def test_two_who_tie_at_once_do_no_harm(store: Store) -> None:
    write(store, 300)
    together = threading.Barrier(4)
    done: list[int] = []

    def one() -> None:
        together.wait()
        done.append(tie(store, T))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) + tie(store, T) == 300
    assert fault(store) is None
    assert [number for number, _ in entries(store)] == list(range(1, 301))


def test_an_entry_whose_transaction_ends_late_is_tied_after_later_ones(store: Store) -> None:
    if store.sqlite:
        pytest.skip("SQLite has one writer at a time")
    with store.write() as late:
        note(late, T, NOW, CLI, Act.EXPORTED, "late")
        write(store, 2)
        assert tie(store, T) == 2
    assert tie(store, T) == 1
    assert [number for number, _ in entries(store)] == [3, 1, 2]
    assert fault(store) is None


def test_entries_of_long_ago_are_let_go_and_the_rest_holds(store: Store) -> None:
    write(store, 4, at=NOW - timedelta(days=4 * 365))
    write(store, 3)
    tie(store, T)
    assert let_go(store, T, NOW) == 4
    assert fault(store) is None
    tie(store, T)
    assert let_go(store, T, NOW) == 0
    assert fault(store) is None
    assert head(store).number == 8


def test_what_is_taken_from_the_beginning_otherwise_is_found_all_the_same(store: Store) -> None:
    write(store, 4, at=NOW - timedelta(days=4 * 365))
    write(store, 3)
    tie(store, T)
    let_go(store, T, NOW)
    with store.write() as connection:
        connection.execute(delete(Audit).where(Audit.number == 5))
    assert fault(store) == Fault(Kind.REMOVED, 1, 5)


@pytest.mark.parametrize("thing", ["my cousin failed me", "Åsa", "a" * 65])
def test_words_do_not_get_in(store: Store, thing: str) -> None:
    with store.write() as connection, pytest.raises(ValueError, match="an id"):
        note(connection, T, NOW, CLI, Act.SAW, "agenda", thing)
    with store.write() as connection, pytest.raises(ValueError, match="an id"):
        note(connection, T, NOW, CLI, Act.SAW, thing)


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(schema, "require_current", lambda _store: None)  # the tests' tables are made without Alembic
    with store.write() as connection:
        connection.execute(insert(School).values(
            workspace=T, name="School", time_zone="America/New_York", language="en", grade_band="middle", level="full",
            quiet_from="20:00", quiet_until="07:00", counselors={}, helplines={}, loaded_at=NOW,
        ))  # fmt: skip
        for id_, key, role, name in ((3, "noor", "student", "Noor"), (7, "okafor", "advisor", "=Ms. Okafor")):
            connection.execute(insert(Person).values(id=id_, workspace=T, key=key, role=role, name=name, language="en"))
    url = store.engine.url.render_as_string(hide_password=False)
    return lambda *words: CliRunner().invoke(main, ["audit", *words], env={"DATABASE_URL": url})


def test_the_trail_is_shown_with_names_and_the_school_s_clock(store: Store, run: Callable[..., Result]) -> None:
    write(store)
    with store.write() as connection:
        note(connection, T, NOW, person(8), Act.CHANGED, "roster", "", 99)
    assert run("show").output == (
        "2026-12-01 10:00  =Ms. Okafor saw agenda conference:0, about Noor\n"
        "2026-12-01 10:00  person:8 changed roster, about person:99\n"
    )


def test_the_trail_is_narrowed_to_a_student_and_to_days(store: Store, run: Callable[..., Result]) -> None:
    write(store)
    with store.write() as connection:
        note(connection, T, NOW, CLI, Act.CHANGED, "keys")
    assert "keys" not in run("show", "--student", "noor").output
    assert run("show", "--since", "2026-12-02").output == "There is no entry.\n"
    assert len(run("show", "--since", "2026-12-01").output.splitlines()) == 2
    unknown = run("show", "--student", "nobody")
    assert (unknown.exit_code, "no student" in unknown.stderr) == (1, True)


def test_a_table_for_a_spreadsheet_holds_no_formula(store: Store, run: Callable[..., Result]) -> None:
    tied(store, 1)
    lines = run("show", "--csv").output.splitlines()
    assert lines == [
        "number,at,who,act,kind,thing,student",
        "1,2026-12-01T10:00:00-05:00,'=Ms. Okafor,saw,agenda,conference:0,Noor",
    ]


def test_a_trail_that_holds_tells_its_head_and_one_that_does_not_fails(
    store: Store, run: Callable[..., Result]
) -> None:
    noted = tied(store)
    good = run("verify")
    assert good.exit_code == 0
    assert f"Its head, to be noted elsewhere: {noted.text()}" in good.output
    assert run("verify", "--head", noted.text()).exit_code == 0
    with store.write() as connection:
        connection.execute(delete(Audit).where(Audit.number > 3))
    assert run("verify").exit_code == 0
    cut = run("verify", "--head", noted.text())
    assert (cut.exit_code, cut.stderr) == (
        1,
        "The trail was cut off. It ends before the head that was noted; missing: 4 to 5.\n"
        "Up to entry 3 the trail holds.\n",
    )
    with store.write() as connection:
        connection.execute(update(Audit).where(Audit.number == 2).values(kind="other"))
    assert "Entry 2 is not what it was" in run("verify").stderr
    assert "This is no head" in run("verify", "--head", "12").stderr


def test_what_is_not_tied_for_long_is_told(store: Store, run: Callable[..., Result]) -> None:
    write(store, 2, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "Not tied yet: 2 entries. The bot ties them while it runs: is it running?" in run("verify").output


def test_nothing_else_reads_the_order_of_ids(store: Store) -> None:
    """A row that takes the id of one taken out is no trouble: SQLite gives ids again."""
    tied(store, 2)
    write(store, 1)
    with store.write() as connection:
        last = connection.scalar(select(func.max(Audit.id)))
        connection.execute(text("DELETE FROM audit WHERE id = :last"), {"last": last})
    write(store, 1)
    tie(store, T)
    assert fault(store) is None


@pytest.mark.parametrize("garbage", ["garbage", "2026-99-99 00:00:00.000000", "", "2026-12-01", "0", "infinity"])
def test_an_entry_whose_time_is_no_time_is_told_as_changed(
    store: Store, run: Callable[..., Result], garbage: str
) -> None:
    value = garbage if store.sqlite else {"garbage": "-infinity", "0": "9999-12-31 23:59:59Z"}.get(garbage, "infinity")
    tied(store, 3)
    write(store, 2)
    with store.write() as connection:
        spoil = text("UPDATE audit SET at = :at WHERE number = 2 OR number IS NULL")
        connection.execute(spoil.execution_options(every_workspace=True), {"at": value})
    assert fault(store) == Fault(Kind.CHANGED, 2, 2)
    told = run("verify")
    assert (told.exit_code, "Entry 2 is not what it was" in told.stderr) == (1, True)


def test_an_empty_trail_is_told_and_so_is_what_cannot_be_seen_without_a_head(
    store: Store, run: Callable[..., Result]
) -> None:
    unseen = "Without a noted head (--head) a cut at the end cannot be seen.\n"
    empty = run("verify")
    assert (empty.exit_code, empty.stdout) == (
        0,
        f"The trail is empty: there is no entry, though a school has been loaded.\n{unseen}",
    )
    noted = tied(store)
    assert run("verify").stdout.endswith(unseen)
    assert unseen not in run("verify", "--head", noted.text()).stdout
