"""The dated file: docs/benchmarks/YYYY-MM-DD.md, with the machine, the versions, the table and how to read it."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bot.store.session import Store
from tests.bench.figures import COLUMNS, Figure
from tests.bench.machine import cores, memory, processor
from tests.databases import SERVER

FOLDER = Path("docs/benchmarks")
LIBRARIES = (
    "slack-bolt", "slack-sdk", "SQLAlchemy", "psycopg", "gunicorn", "python-telegram-bot", "APScheduler",
    "procrastinate", "huey", "aiohttp",
)  # fmt: skip

HOW_TO_READ = """\
Take the ratios, not the times: each is between two that were measured in the same run, in turns, and is a median over
rounds; the times are this machine's. `peer` is named in its cell: another program that does the same work, or this one
under other circumstances (fewer students, less pending), or what the limits allow at best. Bolt, bare, is a listener
that posts one fixed reply and keeps nothing, as little as a Slack app can do. The peers run with their defaults, except
where these would lose jobs; python-telegram-bot writes its file after every turn but never waits for the disk, as our
commits do. In the load test the students, Slack's stand-in, `web`, the worker and PostgreSQL share the same cores, and
Slack's limit of some 300 messages a minute in a workspace is left out, so that it is the bot that is measured: an
acknowledgement is timed by whoever sent the event, from before it was sent until its answer was read. `wanted` is what
we hold ourselves to; a time that misses it is told, a ratio or a number that misses it makes the command end with 1."""


def write(figures: Sequence[Figure], today: date, busy: float, folder: Path = FOLDER) -> Path:
    """Write the file of a day; another run of the same day replaces it. busy: processes that ran before it began."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{today.isoformat()}.md"
    path.write_text("\n".join(_lines(figures, today, busy)) + "\n", encoding="utf-8")
    return path


def _lines(figures: Sequence[Figure], today: date, busy: float) -> Iterator[str]:
    yield from (f"# Measured on {today.isoformat()}", "", "`make bench`", "")
    for name, value in _circumstances(busy):
        yield f"- {name}: {value}"
    yield from ("", HOW_TO_READ, "", _row(COLUMNS), _row(["---"] * len(COLUMNS)))
    yield from (_row(one.cells) for one in figures)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _circumstances(busy: float) -> Iterator[tuple[str, str]]:
    """What it was measured on. Nothing that tells whose machine it is."""
    yield (
        "machine",
        f"{cores()} cores, {processor()}, {memory()} GB of memory, {platform.system()}",
    )
    yield "what else it was doing", f"a load of {busy:.1f} before it began"
    yield "Python", platform.python_version()
    yield "PostgreSQL", _postgresql()
    yield "libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield "commit", _commit()


def _postgresql() -> str:
    store = Store(SERVER)
    try:
        with store.engine.connect() as connection:
            return str(connection.exec_driver_sql("SHOW server_version").scalar()).split()[0]
    except Exception:
        return "none"
    finally:
        store.close()


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return f"{commit}, with changes" if git("status", "--porcelain", "--untracked-files=no") else commit
