"""Every page leads where it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.pages import HOUSE, anchors, links, named, pages

PAGES = {page.relative_to(HOUSE).as_posix(): page for page in pages()}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    page = PAGES[name]
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("docs/") or name == "CONTRIBUTING.md"])
def test_every_path_a_page_names_is_there(name: str) -> None:
    for path in named(PAGES[name]):
        assert (HOUSE / path).exists(), path


def reached(start: Path) -> set[Path]:
    """The pages one comes to from a page by its links; a link to a folder leads to all that are in it."""
    found: set[Path] = set()
    coming = [start]
    while coming:
        here = coming.pop().resolve()
        if here.is_dir():
            coming += [page for page in here.glob("*.md") if page.resolve() not in found]
        elif here.suffix == ".md" and here.is_file() and here not in found:
            found.add(here)
            coming += [here.parent / link.partition("#")[0] for link in links(here)]
    return found


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    found = reached(HOUSE / "README.md")
    assert [name for name, page in PAGES.items() if name.startswith("docs/") and page.resolve() not in found] == []
