"""The students: each answers, reads what comes, thinks, answers. What the bot says is brought back to it, as by Slack.

Every request is timed from before it is sent until its answer is read. One that is not acknowledged is brought once
more, at once, as Slack does first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.practice.targets import ACK_SECONDS, Delivery, Sort, signed
from tests.bench.load.cast import Meter
from tests.bench.load.gestures import Did, tap, write
from tests.bench.school import slack_id
from tests.bench.students import SCRIPT, Tap

PATIENCE = 30.0
"""Seconds after which a question that does not come is missed."""
CONNECTIONS = 100
LONGEST_LINE = 1 << 26

Json = dict[str, Any]


@dataclass(frozen=True)
class Phase:
    """So many seconds, in which a student thinks so long about each answer, in the mean: from half to half as long
    again. What happens in the first `warms` seconds is not counted."""

    seconds: float
    think: float
    warms: float = 0.0


@dataclass(frozen=True)
class Request:
    """One that was sent: when (by `time.perf_counter`), how long its answer took, what it was (0: none)."""

    at: float
    seconds: float
    status: int
    turn: bool


@dataclass
class Student:
    """One of them. `did`: what was acknowledged; `shown`: messages that came."""

    number: int
    place: str
    did: list[Did] = field(default_factory=list)
    shown: list[Mapping[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    missed: bool = False


@dataclass
class Crowd:
    """All of them before one bot. `incoming`: what the practice workspace would send, a line each."""

    url: str
    secret: str
    identity: Mapping[str, str]
    places: Sequence[str]
    requests: list[Request] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    spans: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.students = [Student(number, place) for number, place in enumerate(self.places, 1)]
        self._at = {student.place: student for student in self.students}
        self._random = random.Random(1)
        self._think, self._over = 0.0, False
        self._echoes: set[asyncio.Task[bool]] = set()

    async def play(self, incoming: asyncio.StreamReader, phases: Iterator[Phase], meter: Meter) -> None:
        """Go through the phases, the first of them metered. When they are over everybody reads what is still to come
        to them, and stops."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        timeout = aiohttp.ClientTimeout(total=ACK_SECONDS)
        self._changed = asyncio.Event()
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as self._session:
            reading = asyncio.create_task(self._read(incoming))
            watching = asyncio.create_task(self._watch())
            first = next(phases)
            self._think = first.think
            playing = [asyncio.create_task(self._study(student)) for student in self.students]
            meter.begin()
            await self._pass(first)
            meter.end()
            for phase in phases:
                await self._pass(phase)
            self._over = True
            self._change()
            await asyncio.gather(*playing)
            watching.cancel()
            while self._echoes:
                await asyncio.gather(*self._echoes)
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    def phases(self) -> list[list[Request]]:
        """What was sent in each phase so far."""
        return [[one for one in self.requests if begun <= one.at < ended] for begun, ended in self.spans]

    async def _pass(self, phase: Phase) -> None:
        self._think = phase.think
        self._change()
        await asyncio.sleep(phase.warms)
        begun = time.perf_counter()
        await asyncio.sleep(phase.seconds - phase.warms)
        self.spans.append((begun, time.perf_counter()))

    def _change(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _study(self, student: Student) -> None:
        await self._wait(self._random.random() * self._think)
        for do in SCRIPT:
            if self._over or not await self._turn(student, do):
                return
            await self._wait((0.5 + self._random.random()) * self._think)

    async def _wait(self, seconds: float) -> None:
        """Think. Where the pace changes meanwhile, everybody begins anew, somewhere in the new time to think."""
        while not self._over:
            try:
                await asyncio.wait_for(self._changed.wait(), seconds)
            except TimeoutError:
                return
            seconds = 1.5 * self._random.random() * self._think

    async def _turn(self, student: Student, do: str | Tap) -> bool:
        """Answer, and wait until the question that follows stands there; whether it does."""
        user, last = slack_id(student.number), student.shown[-1] if student.shown else {}
        if isinstance(do, str):
            did = write(user, student.place, do, self.identity)
        else:
            did = tap(user, student.place, do, last, self.identity)
        student.came.clear()
        if not await self._bring(did.delivery, turn=True):
            return False
        student.did.append(did)
        try:
            await asyncio.wait_for(student.came.wait(), PATIENCE)
        except TimeoutError:
            student.missed = True
        return not student.missed

    async def _bring(self, delivery: Delivery, *, turn: bool) -> bool:
        """Have it taken in; whether it was."""
        body, headers = signed(delivery, self.secret)
        for again in ({}, {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}):
            begun, status = time.perf_counter(), 0
            try:
                async with self._session.post(self.url, data=body.encode(), headers=headers | again) as response:
                    await response.read()
                    status = response.status
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.requests.append(Request(begun, time.perf_counter() - begun, status, turn))
            if status == 200:
                return True
        return False

    async def _read(self, incoming: asyncio.StreamReader) -> None:
        """What the practice workspace would send: the bot's own messages."""
        while line := await incoming.readline():
            payload = json.loads(line)
            event = payload["event"]
            student = self._at.get(event.get("channel", ""))
            if student is not None and event.get("bot_id") and not event.get("subtype"):
                student.shown.append(event)
                student.came.set()
            echo = asyncio.create_task(self._bring(Delivery(Sort.EVENT, payload), turn=False))
            self._echoes.add(echo)
            echo.add_done_callback(self._echoes.discard)

    async def _watch(self) -> None:
        """How late this process comes to what it has to do: what is measured cannot be finer."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.01)
            self.lags.append(time.perf_counter() - begun - 0.01)
