"""Every conversation in this folder goes as it is written, on both databases.

`pytest tests/transcripts --update-transcripts` writes them anew; read what changed before keeping it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store import sealing
from bot.store.session import Store
from bot.words import Words
from tests.transcripts.runner import HERE, play

TRANSCRIPTS = sorted(HERE.rglob("*.txt"))
RESTART_EVERY = {"sqlite": 1, "postgresql": 5}
KEYS = {"sqlite": "", "postgresql": "k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="}
"""On one of them all that is said stands sealed in the database."""


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_conversation_goes_as_written(
    path: Path, store: Store, words: Words, request: pytest.FixtureRequest
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    text = path.read_text("utf-8")
    kind = store.engine.dialect.name
    went = play(text, url, words, restart_every=RESTART_EVERY[kind], keys=KEYS[kind])
    with store.read() as connection:
        assert {one.key for one in sealing.counts(connection)} <= {KEYS[kind].partition(":")[0]}
    if request.config.getoption("--update-transcripts", False):
        path.write_text(went, "utf-8")
    else:
        assert went.splitlines() == text.splitlines()
