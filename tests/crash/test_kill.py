"""The bot's process is killed (SIGKILL) at 200 places of its turns. Nothing is lost, nothing is sent twice.

What must be left, however it died, is what is left when it lives: the same conversation, word by word, the same
answers, the same deliveries, one channel with one agenda in it, pinned once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.practice import Fault
from bot.practice.people import Person
from bot.practice.targets import Ack, Sort
from bot.store.session import Store
from tests.crash.bots import BotGoneError, Flaw, Nursery
from tests.crash.plays import APPROVAL, BUTTON, EDIT, LEARNING, TEXT, Play, Step, prepare
from tests.crash.world import PAUSE, Outcome, World, world
from tests.databases import create_tables, postgresql_url, sqlite_store

STORES = ("sqlite", "postgresql")
KILLS = {TEXT: 16, EDIT: 16, BUTTON: 20, APPROVAL: 48}
"""How often in each turn, on each database: on every step of all but the last, which has hundreds."""
ALREADY_ANSWERED = "coach: That button belongs to an earlier question"
LATE = 5
"""Seconds after which a call takes effect whose connection was dropped: within the settle time."""
IN_THE_CHANNEL = ("conversations.create", "chat.postMessage", "pins.add", "conversations.invite")


@dataclass(frozen=True)
class Death:
    """One way to die: how far into the turn, what Slack does at that time, and what happens next.

    eager: the student who sees the next question goes on before the bot has recovered.
    again: the bot that recovers dies too, at this step after its start.
    """

    play: Play
    number: int
    place: float
    fault: Fault | None
    method: str
    eager: bool
    again: int | None

    def __str__(self) -> str:
        return f"{self.play.name.replace(' ', '-')}-{self.number}"


@dataclass(frozen=True)
class Life:
    """A turn in which nobody dies: its steps, how many messages the student then sees, and what is left in the end."""

    steps: tuple[str, ...]
    seen: int
    outcome: Outcome


def deaths(store: int) -> Iterator[Death]:
    """Spread over the turn; those on the second database fall between those on the first."""
    for play, kills in KILLS.items():
        for number in range(kills):
            turn = number + 2 * store
            yield Death(
                play,
                number,
                (number + store / 2) / kills,
                {1: Fault.DROP_AFTER, 3: Fault.late(LATE)}.get(turn % 4),
                IN_THE_CHANNEL[number // 2 % 4] if play is APPROVAL else "chat.postMessage",
                number % 3 == 1,
                number * 7 % 40 if number % 5 == 4 else None,
            )


DEATHS = [
    pytest.param(store, death, id=f"{store}-{death}", marks=pytest.mark.xdist_group(f"crash-{store}"))
    for number, store in enumerate(STORES)
    for death in deaths(number)
]


class Lives:
    """A world for each database, and in it each turn lived through once."""

    def __init__(self, worlds: dict[str, World]) -> None:
        self.worlds = worlds
        self._lived: dict[tuple[str, str], Life] = {}

    def life(self, store: str, play: Play) -> Life:
        key = (store, play.name)
        if key not in self._lived:
            self._lived[key] = live(self.worlds[store], play)
        return self._lived[key]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery") / "bots.log") as nursery:
        yield nursery


@pytest.fixture(scope="module")
def lives(nursery: Nursery, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Gives the lives on a database; its world is made when it is first asked for."""
    with ExitStack() as stack:
        made = Lives({})

        def on(store: str) -> Lives:
            if store not in made.worlds:
                folder = tmp_path_factory.mktemp(store)
                kept = open_store(store, folder, sqlite_template, stack)
                made.worlds[store] = stack.enter_context(world(kept, folder, nursery))
            return made

        yield on


def open_store(name: str, folder: Path, template: Path, stack: ExitStack) -> Store:
    """An empty database with its tables, for as long as the stack holds."""
    if name == "sqlite":
        store = sqlite_store(template, folder / "coach.db")
    else:
        store = Store(stack.enter_context(postgresql_url()))
        create_tables(store)
    stack.callback(store.close)
    return store


def live(world: World, play: Play) -> Life:
    """A turn without a death."""
    student = prepare(world, play)
    world.bot.arm(None)
    play.turn(world, student)
    world.rest()
    steps, seen = tuple(world.bot.steps()), len(student.sees())
    go_on(world, play, student)
    recover(world)
    return Life(steps, seen, world.outcome(student))


def die(world: World, death: Death, life: Life) -> Outcome:
    """The same turn, with a death in it."""
    student = prepare(world, death.play)
    plan_fault(world, death, student)
    world.bot.arm(int(death.place * len(life.steps)))
    death.play.turn(world, student)
    world.end_bot()
    start(world, die_at=death.again)
    if death.play.tapped:
        tap_until_taken(world, death.play.turn, student)
    eager = death.eager and len(student.sees()) >= life.seen
    if not eager:
        recover(world)
    go_on(world, death.play, student)
    recover(world)
    world.workspace.faults.clear()
    return world.outcome(student)


def start(world: World, *, die_at: int | None = None) -> None:
    """A new process; and another, if that one dies as it starts."""
    try:
        world.start_bot(die_at=die_at)
    except BotGoneError:
        world.start_bot()


def recover(world: World) -> None:
    """Let the bot come to an end with everything; and another one, if it dies of it."""
    try:
        world.recover()
    except BotGoneError:
        world.start_bot()
        world.recover()


def go_on(world: World, play: Play, student: Person) -> None:
    """The student's next message or tap."""
    world.clock.advance(PAUSE)
    play.after(world, student)
    tap_until_taken(world, play.after, student)


def tap_until_taken(world: World, step: Step, student: Person) -> None:
    """Slack does not repeat a tap: it tells the student that it did not get through, and they tap again."""
    while not last_tap(world).ok:
        world.clock.advance(1)
        try:
            world.bot.rest()
        except BotGoneError:
            world.start_bot()
        step(world, student)


def last_tap(world: World) -> Ack:
    """What became of the last button tapped."""
    log = reversed(list(world.workspace.events.log))
    return next(one.ack for one in log if one.delivery.sort is Sort.INTERACTION)


def plan_fault(world: World, death: Death, student: Person) -> None:
    """A call of the turn is cut off, though Slack takes it: at once, or a little later."""
    if death.fault is None:
        return
    own = world.workspace.im(student.id).id
    in_channel = death.play is APPROVAL

    def concerns(arguments: Any) -> bool:
        return "channel" not in arguments or (arguments["channel"] != own) == in_channel

    world.workspace.fault(death.method, death.fault, when=concerns)


def without_notes(outcome: Outcome) -> Outcome:
    """Without what is said to someone who taps a button again that had been taken."""
    kept = tuple(line for line in outcome.transcript if not line.startswith(ALREADY_ANSWERED))
    notes = Counter({("say", "sent"): len(outcome.transcript) - len(kept)})
    return replace(outcome, transcript=kept, deliveries=outcome.deliveries - notes)


@pytest.mark.parametrize(("store", "death"), DEATHS)
def test_killed_at_any_step_nothing_is_lost_and_nothing_said_twice(lives: Any, store: str, death: Death) -> None:
    on = lives(store)
    life = on.life(store, death.play)
    left = without_notes(die(on.worlds[store], death, life))
    assert left == life.outcome
    assert on.worlds[store].doubles_and_gaps() == []


@pytest.mark.parametrize("store", [pytest.param(one, marks=pytest.mark.xdist_group(f"crash-{one}")) for one in STORES])
class TestTheHarness:
    def test_a_turn_in_which_nobody_dies_leaves_what_it_should(self, lives: Any, store: str) -> None:
        lived = {play.name: lives(store).life(store, play) for play in KILLS}
        said = [answer for answer in lived[TEXT.name].outcome.answers if answer[4] == LEARNING]
        (channel,) = lived[APPROVAL.name].outcome.channel
        known, members, messages, pinned = channel
        assert said == [("letter", "learning", 1, "said", LEARNING, "")]
        assert known
        assert members == ["U0PRACTICEBOT", "UAMAL", "ULIND", "UOKAFOR", "student"]
        agenda, packet = messages
        assert agenda.startswith("coach: Noor leads")
        assert packet == "coach: Noor's packet, to read or to print."
        assert pinned == [0]

    def test_the_kills_fall_on_every_step_of_the_short_turns(self, lives: Any, store: str) -> None:
        for play in (TEXT, EDIT, BUTTON):
            steps = lives(store).life(store, play).steps
            hit = {int(death.place * len(steps)) for n in range(2) for death in deaths(n) if death.play is play}
            assert hit == set(range(len(steps)))

    def test_a_bot_that_does_not_look_before_it_sends_again_is_caught(
        self, store: str, nursery: Nursery, sqlite_template: Path, tmp_path: Path
    ) -> None:
        with ExitStack() as stack:
            kept = open_store(store, tmp_path, sqlite_template, stack)
            blind = stack.enter_context(world(kept, tmp_path, nursery))
            student = prepare(blind, TEXT)
            blind.bot.arm(None)
            TEXT.turn(blind, student)
            blind.rest()
            posted = blind.bot.steps().index("send: after chat.postMessage")
            blind.pause()
            blind.bot.arm(posted)
            TEXT.after(blind, student)
            blind.end_bot()
            blind.start_bot(flaw=Flaw.BLIND)
            blind.recover()
            assert [line.split(":")[0] for line in blind.doubles_and_gaps()] == ["posted 2 times"]


def test_there_are_two_hundred_deaths() -> None:
    assert len(DEATHS) == 200
