"""The whole dialogue, kept at every turn, in ours and in a framework for chat bots; the network of both stubbed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bot.store.session import Store
from bot.words import Words
from tests.bench import school, telegram
from tests.bench.bots import running
from tests.bench.figures import Figure, compared
from tests.bench.stub import stub
from tests.bench.students import SCRIPT
from tests.databases import create_tables

SECTION = "dialogue"
SIZES = (500, 5_000)
TALKING = 2
ROUNDS = 3
PEER = "python-telegram-bot, PicklePersistence"


def measure(folder: Path, words: Words) -> Iterator[Figure]:
    """Turns a second, one after the other, in a small school and in a large one."""
    for students in SIZES:
        ours, theirs = asyncio.run(_rounds(folder, words, students))
        what = f"turns one after the other, {students:,} students, SQLite"
        yield compared(SECTION, what, 1 / ours, "turns/s", PEER, 1 / theirs, least=1)


async def _rounds(folder: Path, words: Words, students: int) -> tuple[float, float]:
    """Seconds a turn takes, ours and theirs, in turns."""
    url, path = f"sqlite:///{folder / f'{students}.db'}", folder / f"{students}.pickle"
    store = Store(url)
    create_tables(store)
    school.fill(store, students)
    store.close()
    await _fill(path, students)
    typed = [do if isinstance(do, str) else do.choice for do in SCRIPT]
    talking = range(1, students, students // TALKING)
    with stub(folder) as slack:
        async with telegram.at_work(path, len(SCRIPT)) as theirs:
            with running(slack.url, url, words, students=TALKING, step=students // TALKING, network=False) as ours:
                ours.one_by_one()
                rounds = [(ours.one_by_one(), await theirs.turns(talking, typed)) for _ in range(ROUNDS)]
    mine, peers = (median(column) for column in zip(*rounds, strict=True))
    return mine, peers


async def _fill(path: Path, students: int) -> None:
    """Everybody has begun, and has as many answers from before as in ours."""
    kept = {f"before {number}": school.SAID for number in range(school.HISTORY)}
    async with telegram.at_work(path, len(SCRIPT)) as there:
        for user in range(1, students + 1):
            await there.begin(user, kept)
        await there.write()
