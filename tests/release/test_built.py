"""What a release has, built as `make dist` does: the program is whole in it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "prompts", "scheduler")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=HOUSE, check=True)
    return folder


def shipped() -> set[str]:
    """Every file of the three packages."""
    files = (path for package in PACKAGES for path in (HOUSE / package).rglob("*") if path.is_file())
    return {path.relative_to(HOUSE).as_posix() for path in files if "__pycache__" not in path.parts}


def test_the_wheel_has_every_file_of_the_program_and_the_manifest(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == shipped() | {"bot/slack/manifest.json"}


def test_the_source_has_what_the_tests_and_the_release_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        inside = {name.partition("/")[2] for name in source.getnames()}
    assert inside >= shipped() | {
        "Makefile",
        "requirements-dev.txt",
        ".ci/run",
        "tests/conftest.py",
        "docs/RELEASING.md",
    }
    assert not any(name.startswith((".venv/", ".git/", "dist/")) for name in inside)
