from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import postgresql_url
from tests.doctor.clinic import Clinic, clinic, copy, load, write_folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    load(f"sqlite:///{folder / 'coach.db'}", write_folder(folder / "hillside"))
    return folder / "coach.db"


@pytest.fixture
def well(template: Path, tmp_path: Path) -> Iterator[Clinic]:
    """A school in good order, on SQLite."""
    with clinic(write_folder(tmp_path / "hillside"), copy(template, tmp_path)) as made:
        yield made


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Clinic]:
    """The same on PostgreSQL, in a database of its own."""
    folder = write_folder(tmp_path / "hillside")
    with postgresql_url() as url:
        load(url, folder)
        with clinic(folder, url) as made:
            yield made
