"""`make dev` starts the bot anew when a file of the program changes: code, words or times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import IO

import pytest

HOUSE = Path(__file__).resolve().parents[2]
LONGEST = 60.0
"""Seconds after which it is taken for stuck."""

BOT = """
import signal
from pathlib import Path

files = [path for room in ("bot", "prompts", "scheduler") for path in Path(room).rglob("*.*")]
print("started with", *(path.read_text() for path in files))
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pause()
"""
WATCHED = {"bot": "app.py", "prompts": "en/labels.toml", "scheduler": "cadence.toml"}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with a file in each room, and a bot that only says what is in them."""
    for room, name in WATCHED.items():
        (tmp_path / room / name).parent.mkdir(parents=True)
        (tmp_path / room / name).write_text("untouched", encoding="utf-8")
    (tmp_path / "bot.py").write_text(BOT, encoding="utf-8")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def listen(lines: IO[str], told: Queue[str]) -> None:
    for line in lines:
        told.put(line.strip())


@pytest.fixture
def said(house: Path) -> Iterator[Queue[str]]:
    """What `make dev` prints, line by line."""
    command = ["make", "-f", str(HOUSE / "Makefile"), "-o", ".venv/.ready", "dev", "DEV=.venv/bin/python -u bot.py"]
    told: Queue[str] = Queue()
    with subprocess.Popen(
        command, cwd=house, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        reader = threading.Thread(target=listen, args=[process.stdout, told])
        reader.start()
        yield told
        os.killpg(process.pid, signal.SIGTERM)
        reader.join()


def started(said: Queue[str], having: str, wait: float) -> bool:
    """Whether the bot is started, before so many seconds go by without a word, with this in one of its files."""
    try:
        while having not in said.get(timeout=wait):
            pass
    except Empty:
        return False
    return True


@pytest.mark.parametrize("room", WATCHED)
def test_a_change_in_any_room_starts_the_bot_anew(room: str, house: Path, said: Queue[str]) -> None:
    assert started(said, "untouched", LONGEST)
    for times in range(int(LONGEST)):  # it begins to watch a moment after the bot was started
        (house / room / WATCHED[room]).write_text(f"changed {times} times", encoding="utf-8")
        if started(said, "changed", wait=1.0):
            return
    pytest.fail(f"nothing was started anew after {room}/{WATCHED[room]} changed")
