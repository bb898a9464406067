"""The guides for the next engineer, followed to the letter: a guide that no longer works fails here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.howto.guide import Do, GuideError, changed, printed, steps
from tests.howto.tree import HOUSE, Tree

FOLDER = HOUSE / "docs" / "how-to"
INDEX = FOLDER / "README.md"
GUIDES = sorted(FOLDER.glob("add-*.md"))
LAST = {"add-a-question": Do.SHOWS, "add-a-flow": Do.SHOWS, "add-a-language": Do.SHOWS, "add-a-nudge": Do.PRINTS,
        "add-a-command": Do.PRINTS, "add-a-migration": Do.PRINTS}  # fmt: skip
"""By guide, what its last block is: not an edit, but what comes of all of them."""


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_leads_to_what_it_says(guide: Path, tmp_path: Path) -> None:
    found = steps(guide)
    assert found[-1].do is LAST[guide.stem]
    Tree(tmp_path, datetime.now(UTC).date()).follow(found)


def test_every_guide_is_in_the_index_and_nothing_else() -> None:
    index = INDEX.read_text(encoding="utf-8")
    assert {path.stem for path in GUIDES} == {stem for stem in LAST if f"]({stem}.md)" in index} == LAST.keys()


@pytest.mark.parametrize(
    "info", ["toml prompts/en/labels.toml", "python (new)", "diff", "sh bot/x.sh", "text (shows)", ""]
)
def test_a_block_that_says_nothing_to_do_is_no_guide(info: str, tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(f"# How\n\n1. So:\n\n   ```{info}\n   x\n   ```\n", encoding="utf-8")
    with pytest.raises(GuideError, match=r"guide\.md, line 5: nothing can be done"):
        steps(guide)


@pytest.mark.parametrize("text", ["", "run\nrun\n", "running\n"])
def test_a_line_to_be_changed_stands_there_once(text: str) -> None:
    with pytest.raises(GuideError, match=r"stands there [02] times"):
        changed(text, " run\n+stop\n")


def test_what_is_shown_was_printed_whole_and_in_order() -> None:
    output = "Week of 4 January\n  Wed  6 Jan  15:30  Noor  who_else\n  Thu   7 Jan  –  Noor  letter  not sent\n"
    assert printed("Week …\n… 15:30  Noor  who_else\n", output)
    assert not printed("… Noor letter\n", output)
    assert not printed("… who_else\nWeek …\n", output)
