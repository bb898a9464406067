"""On SQLite one process sends; its lock is gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.alone import only_scheduler

HOLD = """
import sys
from bot.store.alone import only_scheduler
with only_scheduler(sys.argv[1]):
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'coach.db'}"


def refused(url: str) -> str:
    with pytest.raises(StoreError) as caught, only_scheduler(url):
        pass
    return str(caught.value)


def test_the_second_is_refused_with_a_remedy_until_the_first_has_ended(url: str) -> None:
    with only_scheduler(url):
        told = refused(url)
    assert "Another process already sends from this database" in told
    assert "PostgreSQL" in told
    with only_scheduler(url):
        pass


def test_another_path_to_the_same_file_is_the_same_database(url: str, tmp_path: Path) -> None:
    (tmp_path / "coach.db").touch()
    (tmp_path / "link.db").symlink_to("coach.db")
    with only_scheduler(url):
        assert "Another process" in refused(f"sqlite:///{tmp_path / 'link.db'}")


def test_another_database_is_none_of_its_business(url: str, tmp_path: Path) -> None:
    with only_scheduler(url), only_scheduler(f"sqlite:///{tmp_path / 'other.db'}"):
        pass


def test_what_is_no_file_needs_no_lock() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "postgresql://nowhere/coach"):
        with only_scheduler(url), only_scheduler(url):
            pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "unable to open database file" in refused(f"sqlite:///{tmp_path}/no/such/coach.db")


def test_the_lock_of_a_process_that_was_killed_is_gone_with_it(url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "mine\n"
    assert "Another process" in refused(url)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    with only_scheduler(url):
        pass


def test_nothing_is_ever_in_the_file_beside_the_database(url: str, tmp_path: Path) -> None:
    with only_scheduler(url):
        pass
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("coach.db-scheduler", 0)]
