"""`python -m tests.bench.worker DATABASE API TICKS`: the worker as it runs, told to stop by the end of its input.

It prints how much memory it has, in MB, after it has started, found what is due, sent it and ticked on.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from bot.app import build
from bot.settings import Settings
from bot.words import Words
from scheduler.pace import UNLIMITED

_MB = 1024


def main(database: str, api: str) -> None:
    """Work, and tell."""
    settings = Settings(bot_token="xoxb-of-the-bench", signing_secret="bench", api_url=api, database_url=database)
    bot = build(settings, Words.load(hears=False), limits=UNLIMITED)
    bot.start()
    threading.Event().wait(5)
    for _ in range(20):
        bot.dispatcher.tick()
    bot.dispatcher.idle(20)
    print(resident(), flush=True)
    bot.stop()


def resident() -> float:
    """MB of this process that are in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / _MB


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
