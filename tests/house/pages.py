"""The pages people read, and what they point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt

HOUSE = Path(__file__).resolve().parents[2]
ROOTS = ("bot", "prompts", "scheduler", "tests", "docs", ".ci", ".github")
"""What a path in backticks begins with."""

_PATH = re.compile(rf"(?:{'|'.join(map(re.escape, ROOTS))})/[\w./-]*")


def pages() -> list[Path]:
    """Every page written for people, in Markdown."""
    found = [*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md"), *(HOUSE / ".github").rglob("*.md")]
    return sorted([*found, HOUSE / "prompts" / "README.md"])


def links(page: Path) -> Iterator[str]:
    """Where a page's links and pictures lead, those into the web left out."""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for inline in token.children or ():
            target = str(inline.attrs.get("href") or inline.attrs.get("src") or "")
            if target and not re.match(r"[a-z]+:", target):
                yield target


def named(page: Path) -> Iterator[str]:
    """The paths of the house that stand on a page as code, in its text."""
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for inline in token.children or ():
            if inline.type == "code_inline" and _PATH.fullmatch(inline.content):
                yield inline.content


def anchors(page: Path) -> set[str]:
    """What can follow # in a link to a page: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
