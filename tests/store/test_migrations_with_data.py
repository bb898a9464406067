"""Every migration, up and down and up again, on a database that is full."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bot.store.migrate import downgrade, migrate, revisions
from bot.store.session import Store
from tests.store.seeding import Content, seed, seen
from tests.store.test_migrations import empty_store, indexes

EVERY = revisions()
STEPS = [f"{before}-{after}" for before, after in pairwise(EVERY)]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with empty_store(str(request.param), tmp_path / "full.db") as store:
        yield store


def shared(one: Content, other: Content) -> Content:
    """What of `one` is in tables and columns that `other` has as well."""
    columns = {table: rows[0].keys() for table, rows in other.items() if rows}
    return {
        table: sorted(({name: row[name] for name in row if name in columns[table]} for row in rows), key=repr)
        for table, rows in one.items()
        if table in columns and rows
    }


@pytest.mark.parametrize("step", STEPS)
def test_what_is_there_outlives_a_step_up_down_and_up_again(bare: Store, step: str) -> None:
    before, after = step.split("-")
    migrate(bare, before)
    seed(bare)
    old, keys = seen(bare), indexes(bare)
    assert all(old.rows.values())
    assert migrate(bare, after) == (after,)
    new = seen(bare)
    assert shared(new.rows, old.rows) == shared(old.rows, new.rows)
    seed(bare, only=new.rows.keys() - old.rows.keys())  # what is new is used as well, and gone after the step down
    downgrade(bare, before)
    assert (seen(bare), indexes(bare)) == (old, keys)
    migrate(bare, after)
    assert seen(bare) == new


@pytest.mark.parametrize("step", STEPS)
def test_a_step_down_keeps_every_row_that_the_older_tables_can_hold(bare: Store, step: str) -> None:
    before, after = step.split("-")
    migrate(bare, after)
    seed(bare)
    rows = seen(bare).rows
    downgrade(bare, before)
    left = seen(bare)
    for table, (columns, _, _) in left.shape.items():
        needed = [name for name, (_, nullable, _) in columns.items() if not nullable]
        held = [row for row in rows[table] if all(row[name] is not None for name in needed)]
        assert held
        assert left.rows[table] == sorted(({name: row[name] for name in columns} for row in held), key=repr)


def test_what_the_first_version_wrote_is_there_after_all_of_them_and_back(bare: Store) -> None:
    migrate(bare, EVERY[0])
    seed(bare)
    old = seen(bare)
    assert migrate(bare) == EVERY[1:]
    new = seen(bare)
    assert shared(new.rows, old.rows) == old.rows
    downgrade(bare, EVERY[0])
    assert seen(bare) == old
    migrate(bare)
    assert seen(bare) == new


def test_what_each_step_asks_of_whoever_upgrades_is_written_down() -> None:
    page = (Path(__file__).parents[2] / "docs" / "UPGRADING.md").read_text(encoding="utf-8")
    assert [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| 0")] == list(EVERY)
