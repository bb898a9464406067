"""The two that are compared: the bot, and the least a Bolt app can do."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from slack_bolt import App, Say
from slack_sdk import WebClient

from bot.app import Bot, build, ready
from bot.settings import Settings
from bot.slack.caps import UNCAPPED
from bot.slack.client import Reply
from bot.words import Words
from scheduler.pace import UNLIMITED
from tests.bench import school
from tests.bench.students import SCRIPT, SECRET, Student, typed

TOKEN = "xoxb-of-the-bench"
FIXED = "Thanks! I have put that down. What do you want to be able to do, or do more often? One line."
SETTLING = 20.0


def floor(api: str) -> App:
    """A Bolt listener that posts a fixed reply with slack_sdk's default client, and nothing else.

    `process_before_response` is how the bot runs too, and the cheaper way: without it Bolt hands each listener to
    another thread.
    """
    quiet = logging.getLogger("bench.floor")
    quiet.setLevel(logging.ERROR)
    client = WebClient(TOKEN, base_url=api)
    app = App(client=client, signing_secret=SECRET, process_before_response=True, logger=quiet)

    @app.event("message")
    def reply(say: Say) -> None:
        say(FIXED)

    return app


def floor_turns(app: App, count: int) -> float:
    """CPU seconds a turn of the floor takes."""
    requests = [typed(number + 1, SCRIPT[1 + number % 4]) for number in range(count)]  # type: ignore[arg-type]
    gc.collect()
    before = time.process_time()
    for request in requests:
        request.send(app)
    return (time.process_time() - before) / count


@dataclass(frozen=True)
class Class:
    """The bot of a school, running, and the students who talk to it."""

    bot: Bot
    students: Sequence[Student]

    def restart(self) -> None:
        """Everybody begins again."""
        self.settle()
        school.restart(self.bot.house.store)
        for student in self.students:
            student.begin()

    def settle(self) -> None:
        """Wait until all that was sent is settled; nothing may be left over."""
        assert self.bot.dispatcher.idle(SETTLING)
        assert school.unsettled(self.bot.house.store) == 0

    def one_by_one(self) -> float:
        """Seconds from a turn's event until the question that follows stands there: the mean of the whole script."""
        self.restart()
        spent = 0.0
        for _ in SCRIPT:
            for student in self.students:
                request, begun = student.prepare(), time.perf_counter()
                student.turn(request)
                spent += time.perf_counter() - begun
        self.settle()
        return spent / (len(SCRIPT) * len(self.students))

    def turns(self) -> float:
        """CPU seconds a turn takes, settling included: everybody through the whole script, one at a time."""
        self.restart()
        gc.collect()
        driving, before = 0.0, time.process_time()
        for _ in SCRIPT:
            for student in self.students:
                begun = time.thread_time()
                request = student.prepare()
                driving += time.thread_time() - begun
                student.turn(request)
        assert self.bot.dispatcher.idle(SETTLING)
        spent = time.process_time() - before - driving
        self.settle()
        return spent / (len(SCRIPT) * len(self.students))


@contextmanager
def running(
    api: str, database: str, words: Words, *, students: int, first: int = 1, step: int = 1, network: bool = True
) -> Iterator[Class]:
    """The bot at work on a filled database. The students are number `first` and every `step`th after.

    network: False where each post is answered on the spot, without one.
    """
    settings = Settings(bot_token=TOKEN, signing_secret=SECRET, api_url=api, database_url=database)
    bot = build(settings, words, limits=UNLIMITED, caps=UNCAPPED)
    ready(bot)
    numbers = [first + step * place for place in range(students)]
    there = Class(bot, [Student(bot.app, number) for number in numbers])
    if not network:
        bot.api.call = _posted  # type: ignore[method-assign,assignment]
    _watch(bot, {school.channel(student.number): student.shown for student in there.students})
    bot.start()
    try:
        yield there
    finally:
        bot.stop()


def _posted(_method: str, arguments: Mapping[str, Any]) -> Reply:
    return Reply({"ok": True, "channel": arguments["channel"], "ts": f"{time.time():.6f}"})


def _watch(bot: Bot, dms: Mapping[str, SimpleQueue[Mapping[str, Any]]]) -> None:
    """Show each student what Slack has taken for their DM."""
    call = bot.api.call

    def shown(method: str, arguments: Mapping[str, Any]) -> Reply:
        reply = call(method, arguments)
        if method == "chat.postMessage" and reply.ok:
            dms[reply.data["channel"]].put({"text": arguments["text"], "blocks": arguments["blocks"]})
        return reply

    bot.api.call = shown  # type: ignore[method-assign]
