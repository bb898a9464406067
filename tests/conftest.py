from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.store.session import Store
from bot.words import Words
from tests.databases import create_tables, empty, postgresql_url, sqlite_store

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Bytes that must be free there before the tests' files go into it; they take some hundred million."""

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_configure() -> None:
    """Files of the tests are kept in memory where there is room: a disk is waited for at each of their commits.

    No authorities are read from the system: each client would take 20 ms for them, and none speaks to the world.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    os.environ.setdefault("SSL_CERT_FILE", os.devnull)
    os.environ.setdefault("DISK_KEPT", "yes")  # for the tests it is


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not look through it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _logs_are_given_back() -> Iterator[None]:
    """A command that takes the process's log over does so until its test ends."""
    root, hooks, raises = logging.getLogger(), (sys.excepthook, threading.excepthook), logging.raiseExceptions
    handlers, unraisable = root.handlers[:], sys.unraisablehook
    levels = {name: logging.getLogger(name).level for name in ("bot", "scheduler")}
    yield
    root.handlers[:] = [one for one in root.handlers if one in handlers or type(one).__name__ != "Terminal"]
    logging.raiseExceptions, sys.unraisablehook = raises, unraisable
    sys.excepthook, threading.excepthook = hooks
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    store = Store(f"sqlite:///{path}")
    create_tables(store)
    store.close()
    return path


@pytest.fixture(scope="session")
def postgresql_store() -> Iterator[Store]:
    with postgresql_url() as url:
        store = Store(url)
        create_tables(store)
        yield store
        store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The same test on both databases, each starting empty."""
    if request.param == "postgresql":
        store = request.getfixturevalue("postgresql_store")
        empty(store)
        yield store
        return
    store = sqlite_store(request.getfixturevalue("sqlite_template"), tmp_path / "coach.db")
    yield store
    store.close()


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.load()
