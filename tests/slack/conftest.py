from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.practice.stage import Stage
from bot.store.session import Store
from bot.words import Words
from tests.stages import Student, staged


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with staged(store, words, tmp_path / "school") as stage:
        yield stage


@pytest.fixture
def noor(stage: Stage) -> Student:
    return Student(stage)
