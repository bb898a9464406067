from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.practice import PracticeWorkspace
from bot.practice.stage import Stage, set_up
from bot.slack.manifest import manifest
from bot.store import migrate as schema
from bot.store.session import Store
from bot.words import Words
from tests.databases import postgresql_url
from tests.running.town import Town, town
from tests.stages import MONDAY, school


@pytest.fixture
def workspace() -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(manifest()) as made:
        yield made


@pytest.fixture
def on_postgresql(workspace: PracticeWorkspace, tmp_path: Path) -> Iterator[Town]:
    with postgresql_url() as url, town(workspace, tmp_path, url) as made:
        yield made


@pytest.fixture
def on_sqlite(workspace: PracticeWorkspace, tmp_path: Path) -> Iterator[Town]:
    with town(workspace, tmp_path, f"sqlite:///{tmp_path / 'coach.db'}") as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, words: Words) -> Iterator[Stage]:
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    store = Store(url)
    schema.migrate(store)
    store.close()
    with set_up(url, school(tmp_path / "school"), words, MONDAY) as made:
        yield made
