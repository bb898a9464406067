"""The bot's process is killed (SIGKILL) while it plans, claims, sends, settles and looks for what it lost.

At the same time Slack fails. However it dies: each delivery comes to an end, for a reason, and nobody reads anything
twice. `make nightly` kills it at more than a thousand places, the tests of every day at some of them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.practice import Fault
from bot.store.session import Store
from scheduler.replan import Changes
from tests.crash.batches import ANSWERED_WITHIN, Batch, Run
from tests.crash.bots import Flaw, Nursery
from tests.crash.steps import Phase
from tests.crash.test_kill import STORES, open_store
from tests.crash.world import World, world

NIGHTLY = bool(os.environ.get("NIGHTLY"))
EVERY_STEP = {Phase.PLAN: 26, Phase.CLAIM: 50, Phase.SEND: 24, Phase.SETTLE: 17, Phase.RECONCILE: 50}
KILLS = EVERY_STEP if NIGHTLY else dict.fromkeys(Phase, 2)
"""How often in each phase, with each fault, on each database."""


@dataclass(frozen=True)
class Bad:
    """How Slack fails: posting, for two people at once, and when it is asked what it has."""

    post: Fault
    other: Fault
    look: Fault | None


FAULTS = {
    "429": Bad(Fault.rate_limited(7), Fault.DROP_AFTER, Fault.rate_limited(12)),
    "500": Bad(Fault.ERROR_500, Fault.ERROR_500, Fault.ERROR_500),
    "500-though-accepted": Bad(Fault.ERROR_500_AFTER, Fault.ERROR_500, Fault.ERROR_500),
    "html": Bad(Fault.HTML_200, Fault.HTML_200, Fault.HTML_200),
    "html-though-accepted": Bad(Fault.HTML_200_AFTER, Fault.HTML_200, Fault.HTML_200),
    "dropped-before": Bad(Fault.DROP_BEFORE, Fault.DROP_BEFORE, Fault.DROP_BEFORE),
    "dropped-after": Bad(Fault.DROP_AFTER, Fault.DROP_AFTER, Fault.DROP_BEFORE),
    "hang": Bad(Fault.HANG, Fault.TIMEOUT_BEFORE, Fault.HANG),
    "late": Bad(Fault.late(5), Fault.late(9), None),
}


@dataclass(frozen=True)
class Kill:
    """Where the bot dies: at which part of a phase's steps, while Slack fails in which way.

    again: the bot that recovers dies too, at this step after its start.
    """

    fault: str
    phase: Phase
    number: int
    place: float
    again: int | None

    def __str__(self) -> str:
        return f"{self.fault}-{self.phase}-{self.number}"


def kills(store: int) -> Iterator[Kill]:
    """Spread over each phase; those on the second database fall between those on the first."""
    for fault, phase in itertools.product(FAULTS, Phase):
        for number in range(KILLS[phase]):
            again = number * 7 % 40 + 5 if number % 4 == 1 else None
            yield Kill(fault, phase, number, (number + store / 2) / KILLS[phase], again)


ALL = [
    pytest.param(store, kill, id=f"{store}-{kill}", marks=pytest.mark.xdist_group(f"delivery-{store}"))
    for number, store in enumerate(STORES)
    for kill in kills(number)
]
EACH_STORE = [pytest.param(one, marks=pytest.mark.xdist_group(f"delivery-{one}")) for one in STORES]


class Deaths:
    """A world in which one batch after another is sent, and how many steps each phase has when nobody dies."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = world.students[0].id, world.students[1].id
        self.number = 0
        self._lives: dict[str, list[str]] = {}
        world.bot.kill()
        world.start_bot(patience=ANSWERED_WITHIN)

    def run(self, fault: str, flaw: Flaw | None = None) -> Run:
        """The next batch, with Slack about to fail."""
        self.number += 1
        world = self.world
        bad, faults = FAULTS[fault], world.workspace.faults
        faults.clear()
        for person, trouble in zip(self.people, (bad.post, bad.other), strict=True):
            channel = world.workspace.im(person).id
            world.workspace.fault("chat.postMessage", trouble, when=_to(channel))
        if bad.look is not None:
            world.workspace.fault("conversations.history", bad.look)
        return Run(world, Batch(str(self.number), world.workspace.team_id, self.people, world.clock()), flaw)

    def steps(self, fault: str) -> list[str]:
        """The steps of a life without a death."""
        if fault not in self._lives:
            run = self.run(fault)
            self.world.bot.arm(None)
            run.live()
            self._lives[fault] = self.world.bot.steps()
            run.recover()
            assert run.wrong() == []
        return self._lives[fault]

    def die(self, kill: Kill) -> Run:
        """A life with a death in it, and what comes after."""
        own = [step for step in self.steps(kill.fault) if step.startswith(f"{kill.phase}:")]
        run = self.run(kill.fault)
        self.world.bot.arm(int(kill.place * len(own)), kill.phase)
        run.die(kill.again)
        run.recover()
        return run


def _to(channel: str) -> Callable[..., bool]:
    return lambda arguments: arguments.get("channel") == channel


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery") / "bots.log") as nursery:
        yield nursery


@pytest.fixture(scope="module")
def deaths(
    nursery: Nursery, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Deaths]]:
    """Gives the deaths on a database; its world is made when it is first asked for."""
    with ExitStack() as stack:
        made: dict[str, Deaths] = {}

        def on(store: str) -> Deaths:
            if store not in made:
                folder = tmp_path_factory.mktemp(store)
                kept = open_store(store, folder, sqlite_template, stack)
                made[store] = Deaths(stack.enter_context(world(kept, folder, nursery)))
            return made[store]

        yield on


@pytest.mark.parametrize(("store", "kill"), ALL)
def test_killed_at_any_step_each_delivery_ends_once_and_for_a_reason(
    deaths: Callable[[str], Deaths], store: str, kill: Kill
) -> None:
    run = deaths(store).die(kill)
    assert run.wrong() == []
    assert run.plan_last() == [Changes(kept=5), Changes(kept=1)]


@pytest.mark.parametrize("store", EACH_STORE)
class TestTheHarness:
    def test_a_life_without_a_death_has_steps_in_every_phase(self, deaths: Callable[[str], Deaths], store: str) -> None:
        for fault in FAULTS:
            phases = {step.partition(":")[0] for step in deaths(store).steps(fault)}
            assert phases >= set(Phase), fault

    @pytest.mark.parametrize("phase", Phase)
    def test_the_bot_dies_in_the_phase_it_is_to_die_in(
        self, deaths: Callable[[str], Deaths], store: str, phase: Phase
    ) -> None:
        assert deaths(store).die(Kill("500", phase, 0, 0.5, None)).deaths == 1

    @pytest.mark.parametrize(
        ("flaw", "noticed"),
        [(Flaw.BLIND, "sent 2 times"), (Flaw.SENDS_AGAIN, "sent 2 times"), (Flaw.NEVER_LOOKS, "stuck")],
    )
    def test_a_bot_that_does_not_reconcile_is_caught(
        self, store: str, flaw: Flaw, noticed: str, nursery: Nursery, sqlite_template: Path, tmp_path: Path
    ) -> None:
        with ExitStack() as stack:
            kept: Store = open_store(store, tmp_path, sqlite_template, stack)
            spoiled = Deaths(stack.enter_context(world(kept, tmp_path, nursery)))
            run = spoiled.run("dropped-after", flaw)
            spoiled.world.bot.arm(0, Phase.SETTLE)  # what it is about to write down has been posted
            run.die()
            run.recover()
            assert noticed in {line.partition(":")[0] for line in run.wrong()}


def test_there_are_enough_deaths() -> None:
    assert len(ALL) >= (1_000 if NIGHTLY else 150)
