"""Each decision says what it costs and how it is checked that it still holds; and what it names for that is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.pages import HOUSE

FOLDER = HOUSE / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "What it costs", "How it is checked"]


def checks(page: Path) -> list[tuple[str, str]]:
    """The tests a page ends in: file or folder, and the name of one test or ""."""
    end = page.read_text(encoding="utf-8").partition("## How it is checked")[2]
    return re.findall(r"`(tests/[\w./]+?)(?:::(\w+))?`", end)


def imports(*packages: str) -> Iterator[str]:
    """Every module that is imported anywhere in these packages."""
    for path in (path for package in packages for path in (HOUSE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_on_one_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert len(text.split()) < 350


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_decision_is_checked_by_is_there(page: Path) -> None:
    found = checks(page)
    assert found or "`make lint`" in page.read_text(encoding="utf-8")
    for path, name in found:
        assert (HOUSE / path).exists(), path
        assert not name or f"def {name}(" in (HOUSE / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_decisions_are_numbered_without_a_gap_and_listed_by_their_titles() -> None:
    assert [int(page.stem[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    titles = [page.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1] for page in PAGES]
    rows = [f"| [{page.stem[:4]}]({page.name}) | {title} |" for page, title in zip(PAGES, titles, strict=True)]
    listed = [
        line for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")
    ]
    assert listed == rows


def test_no_job_is_kept_by_apscheduler() -> None:
    found = set(imports("bot", "scheduler"))
    assert any(name.startswith("apscheduler.") for name in found)
    assert not [name for name in found if name.startswith("apscheduler.jobstores")]


def test_nothing_is_mocked() -> None:
    found = set(imports("tests"))
    assert any(name.startswith("bot.practice.") for name in found)
    assert not [name for name in found if re.match(r"(unittest\.)?mock\b|pytest_mock\b|responses\b", name)]
