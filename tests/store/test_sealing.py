"""Sealing everything with another key: complete, past a bot at work, and through any number of sudden ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, update

from bot.store import sealing
from bot.store.keyring import NO_KEYS, Keyring, KeyringError
from bot.store.models import ALL_METADATA, Answer, Cue, Note
from bot.store.sealing import Count
from bot.store.session import Store
from scheduler import sealed
from tests.filled import fill
from tests.stages import url_of

ONE, TWO = {"k1": b"1" * 32}, {"k2": b"2" * 32}
TEXT = "k2:MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=,k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
EVERY = [column for metadata in ALL_METADATA for column in sealed.columns_of(metadata)]
SEALED = [column for column in EVERY if column.table.name != "installation"]
"""What is somebody's; a workspace's token is sealed with them (tests/slack/test_oauth.py)."""
PEOPLE = ("ada", "bea", "cy", "dov", "eli")
Values = dict[str, list[str]]


@contextmanager
def opened(store: Store, keyring: Keyring) -> Iterator[Store]:
    """The same database with these keys."""
    other = Store(url_of(store), keyring)
    try:
        yield other
    finally:
        other.close()


def write(store: Store, *people: str) -> None:
    for key in people:
        with store.write() as connection:
            fill(connection, "T1", key)


def read(store: Store, keyring: Keyring) -> Values:
    """All that stands in sealed columns."""
    with opened(store, keyring) as other, other.read() as connection:
        return {str(column): sorted(json.dumps(one) for one in connection.scalars(select(column))) for column in SEALED}


def keys(store: Store) -> dict[str, int]:
    """How many values there are by key; "" for plain."""
    with store.read() as connection:
        found = sealing.counts(connection)
    return {key: sum(one.number for one in found if one.key == key) for key in sorted({one.key for one in found})}


def mixed(store: Store) -> Values:
    """Half of it plain, half sealed with k1; what it says."""
    write(store, *PEOPLE[:2])
    with opened(store, Keyring(ONE)) as other:
        write(other, *PEOPLE[2:])
    return read(store, Keyring(ONE))


def reseal(store: Store, keyring: Keyring) -> int:
    """How many values were sealed anew."""
    with opened(store, keyring) as other:
        return sum(done.number for done in sealing.reseal(other))


def test_values_are_counted_by_column_and_key(store: Store) -> None:
    mixed(store)
    with store.write() as connection:
        connection.execute(update(Note).where(Note.key.startswith("a")).values(url=""))
        connection.execute(update(Answer).where(Answer.ts.startswith("a")).values(evidence=[]))
        found = sealing.counts(connection)
    whole = [one for one in found if one.column == "answer.text"]
    assert whole == [Count("answer.text", "", 2), Count("answer.text", "k1", 3)]
    assert Count("note.url", "", 1) in found
    assert Count("answer.evidence", "", 1) in found
    assert Count("deliveries.payload", "k1", 3) in found
    assert {one.column for one in found} == {str(column) for column in SEALED}


def test_all_is_sealed_with_the_first_key_and_says_what_it_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    before, both = mixed(store), Keyring(TWO | ONE)
    assert reseal(store, both) == len(PEOPLE) * len(SEALED)
    assert keys(store) == {"k2": len(PEOPLE) * len(SEALED)}
    assert read(store, Keyring(TWO)) == before
    assert reseal(store, both) == 0


def test_the_sealing_can_be_taken_off(store: Store) -> None:
    before = mixed(store)
    assert reseal(store, Keyring(ONE).only_opening()) == len(PEOPLE[2:]) * len(SEALED)
    assert keys(store) == {"": len(PEOPLE) * len(SEALED)}
    assert read(store, NO_KEYS) == before


def test_without_a_key_that_is_needed_nothing_is_touched_and_all_that_lack_it_are_named(store: Store) -> None:
    mixed(store)
    with pytest.raises(KeyringError) as caught:
        reseal(store, Keyring(TWO))
    assert all(f"In {column} there are values sealed with the key k1" in str(caught.value) for column in SEALED)
    assert set(keys(store)) == {"", "k1"}


def test_another_key_of_the_same_id_is_found_out(store: Store) -> None:
    mixed(store)
    with opened(store, Keyring({"k1": b"x" * 32})) as other, pytest.raises(KeyringError, match="k1 is not the one"):
        sealing.require_keys(other)
    with opened(store, Keyring(ONE)) as other:
        sealing.require_keys(other)


def test_what_changes_while_it_is_sealed_anew_is_not_put_back(store: Store) -> None:
    if store.sqlite:
        return  # one writes at a time
    write(store, "ada")
    with opened(store, Keyring(ONE)) as bot, opened(store, Keyring(TWO | ONE)) as rotating:

        def change(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("SELECT cue.") and not changed:
                changed.append(statement)
                with bot.write() as connection:
                    row = connection.execute(select(Cue.conference_id, Cue.topic)).one()
                    text = sealed.row(Cue, {"text": "said meanwhile"}, row._mapping)
                    connection.execute(update(Cue).values(**text))

        changed: list[str] = []
        event.listen(rotating.engine, "after_cursor_execute", change)
        assert sum(done.number for done in sealing.reseal(rotating)) == len(SEALED)
    assert changed
    assert read(store, Keyring(TWO))["cue.text"] == ['"said meanwhile"']


class Process:
    """Seals a database anew in a process of its own, over and over."""

    def __init__(self, url: str) -> None:
        self._order = {"url": url, "keys": TEXT, "batch": 3, "plain": False}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.rotating"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, die_at: int | None = None, **order: Any) -> bool:
        """Whether it was killed, at the step of that number; else it came to its end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**self._order, **order, "die_at": die_at}) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        assert done["code"] == 0
        return bool(done["killed"])

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture
def process(store: Store) -> Iterator[Process]:
    process = Process(url_of(store))
    yield process
    process.close()


EVERY = 1 if os.environ.get("NIGHTLY") else 11
"""Of the steps it can be killed at, one in so many is tried: by night each."""


@pytest.mark.parametrize("plain", [False, True], ids=["to another key", "to plain"])
def test_killed_at_any_step_nothing_is_lost_and_the_next_run_ends_it(
    store: Store, process: Process, plain: bool
) -> None:
    before, both, all_of_them = mixed(store), Keyring(TWO | ONE), len(PEOPLE) * len(SEALED)
    kills = 0
    while process.run(kills * EVERY, plain=plain):  # each goes on where the one before was killed
        assert read(store, both) == before
        kills += 1
    assert kills > 5
    assert keys(store) == {"" if plain else "k2": all_of_them}
    assert read(store, NO_KEYS if plain else Keyring(TWO)) == before
