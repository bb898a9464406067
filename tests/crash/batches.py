"""A few nudges for three people, planned, sent and settled while the bot dies; and what must have become of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from scheduler.outbox import Changes, Draft, State, deliveries
from tests.crash.bots import BotGoneError, Flaw
from tests.crash.world import ROUND, World

SOON = timedelta(seconds=30)
"""From the plan to when its nudges are due."""
SHORT = timedelta(seconds=25)
"""For so long the one that expires is of use."""
FAR = timedelta(days=30)
STRANGER = "UNOBODY"
"""Somebody Slack does not know: what goes there is refused for good."""
LIVELY = 6
"""So often a batch is looked at before it is left to the bot that recovers."""
LIMIT = 40
"""Looks after which what has not come to an end never will."""
ANSWERED_WITHIN = 0.3
"""Real seconds these bots wait for Slack: silence is what some faults are, and the practice workspace is near."""
PAYLOAD = {"template": "withdrawn", "language": "en", "context": {}, "buttons": {}}


@dataclass(frozen=True)
class Batch:
    """Nudges with keys of their own, in three scopes; the first is planned and then wished for no more."""

    name: str
    workspace: str
    people: tuple[str, str]
    now: datetime

    def plans(self) -> tuple[list[dict[str, list[Draft]]], list[dict[str, list[Draft]]]]:
        """What is planned first, in two chunks, and what is planned then."""
        one, other = self.people
        gone = self._draft("gone", one, due=self.now + FAR)
        first = [self._draft("first", one), self._draft("second", one), self._draft("brief", one, expires=SOON + SHORT)]
        rest = [self._draft("third", other), self._draft("nowhere", STRANGER), self._draft("later", other, after=15)]
        chunk = {self._scope("one"): first, self._scope("two"): rest[:2]}
        return [
            {self._scope("none"): [gone], **chunk},
            {self._scope("three"): rest[2:]},
        ], [{self._scope("none"): [], **chunk}, {self._scope("three"): rest[2:]}]

    def _scope(self, name: str) -> str:
        return f"batch:{self.name}.{name}:"

    def _draft(
        self,
        name: str,
        recipient: str,
        *,
        due: datetime | None = None,
        after: float = 0,
        expires: timedelta | None = None,
    ) -> Draft:
        scope = {"gone": "none", "third": "two", "nowhere": "two", "later": "three"}.get(name, "one")
        due_at = due or self.now + SOON + timedelta(seconds=after)
        expires_at = None if expires is None else self.now + expires
        subject, key = f"batch:{self.name}", f"{self._scope(scope)}{name}"
        return Draft(self.workspace, "say", recipient, subject, PAYLOAD, key, due_at, expires_at)


class Run:
    """One batch in a world, whatever happens to the bots. `deaths` counts those that died at a step."""

    def __init__(self, world: World, batch: Batch, flaw: Flaw | None = None) -> None:
        self.world = world
        self.batch = batch
        self.flaw = flaw
        self.deaths = 0
        self._since = len(world.workspace.calls)

    def live(self) -> None:
        """Plan, plan anew, and look again and again as time passes. Raises BotGoneError."""
        self.plan()
        self.world.clock.advance(SOON.total_seconds())
        for _ in range(LIVELY):
            self._look(10)

    def die(self, again: int | None = None) -> None:
        """Live, with a bot that dies of it, or at its end; then another, which dies at step `again` of its life."""
        try:
            self.live()
            self.world.bot.kill()
        except BotGoneError:
            self.deaths += 1
        self._start(die_at=again)

    def _start(self, die_at: int | None = None) -> None:
        try:
            self.world.start_bot(die_at=die_at, flaw=self.flaw, patience=ANSWERED_WITHIN)
        except BotGoneError:
            self._start()

    def plan(self) -> tuple[list[Changes], list[Changes]]:
        """What each of the two plans changed."""
        before, after = self.batch.plans()
        bot, workspace = self.world.bot, self.batch.workspace
        return bot.plan(workspace, before), bot.plan(workspace, after)

    def plan_last(self) -> list[Changes]:
        """Plan once more what is wished for."""
        return self.world.bot.plan(self.batch.workspace, self.batch.plans()[1])

    def recover(self) -> None:
        """Plan, and let time pass until all has come to an end, or never will; again, with another, if the bot dies."""
        try:
            self.plan_last()
            self._come_to_an_end()
        except BotGoneError:
            self._start()
            self.recover()

    def _come_to_an_end(self) -> None:
        for _ in range(LIMIT):
            self._look(ROUND)
            if not any(row.state in _OPEN for row in self.rows()):
                return

    def _look(self, seconds: float) -> None:
        self.world.bot.tick()
        self.world.clock.advance(seconds)
        self.world.workspace.tick()

    def rows(self) -> Sequence[Row[Any]]:
        """The batch's deliveries."""
        with self.world.store.read() as connection:
            mine = deliveries.c.subject == f"batch:{self.batch.name}"
            return connection.execute(select(*deliveries.c).where(mine)).all()

    # --- judging ---------------------------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """What is lost, stuck, sent twice or said of it that is not so; nothing, if all is well."""
        rows = {row.dedupe_key.rpartition(":")[2]: row for row in self.rows()}
        posts = self._posts()
        return [*_missing(rows), *(text for name, row in rows.items() for text in _amiss(name, row, posts[row.id]))] + [
            f"out of order: {name}" for name in self._late(rows)
        ]

    def _posts(self) -> Mapping[str, int]:
        calls = list(self.world.workspace.calls)[self._since :]
        return Counter(
            call.args["metadata"]["event_payload"]["delivery"]
            for call in calls
            if call.method == "chat.postMessage" and call.ok
        )

    @staticmethod
    def _late(rows: Mapping[str, Row[Any]]) -> Iterator[str]:
        sent = [rows[name].ref_ts for name in ("first", "second") if name in rows and rows[name].state == State.SENT]
        if sent != sorted(sent):
            yield "second"


_ENDS = {
    "gone": {State.CANCELLED},
    "brief": {State.SENT, State.EXPIRED},
    "nowhere": {State.DEAD},
    **{name: {State.SENT} for name in ("first", "second", "third", "later")},
}
_OPEN = (State.SCHEDULED, State.SENDING, State.UNKNOWN)


def _missing(rows: Mapping[str, Row[Any]]) -> Iterator[str]:
    # What was planned away may never have been planned: the bot died before it could.
    yield from (f"lost: {name}" for name in _ENDS.keys() - rows.keys() - {"gone"})


def _amiss(name: str, row: Row[Any], posted: int) -> Iterator[str]:
    if row.state in _OPEN:
        yield f"stuck: {name} is {row.state}"
    elif row.state not in _ENDS[name]:
        yield f"ended as {row.state}: {name} ({row.reason})"
    if row.state in (State.CANCELLED, State.DEAD) and not row.reason:
        yield f"no reason: {name} is {row.state}"
    if posted > 1:
        yield f"sent {posted} times: {name}"
    elif row.state not in _OPEN and (posted == 1) != (row.state == State.SENT):
        yield f"posted {posted} times and {row.state}: {name}"
