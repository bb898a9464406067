"""The four turns a bot dies in: each with the way there, and how the conversation goes on afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.practice.people import Person
from tests.crash.world import World

LEARNER = "When I build something with my hands and then explain it to my brother."
EDITED = "When I build something with my hands, then explain it to Yusuf."
LEARNING = "How big the solar system is if the sun is a soccer ball."
MATTERS = "My little cousin asks me about planets every week."
HELPS = "A minute to think before I answer."

Step = Callable[[World, Person], object]


@dataclass(frozen=True)
class Play:
    """`before` leads to the turn, `turn` is it, `after` goes on. A tap is not repeated by Slack: `again` taps anew."""

    name: str
    before: tuple[Step, ...]
    turn: Step
    after: Step
    tapped: bool = False


def says(text: str) -> Step:
    return lambda _world, student: student.dm(text)


def taps(label: str) -> Step:
    return lambda _world, student: student.tap(label)


def edits(old: str, new: str) -> Step:
    def edit(_world: World, student: Person) -> object:
        mine = next(one.ts for one in student.sees() if not one.app and old in one.text)
        return student.edit(mine, new)

    return edit


def _opens(_world: World, student: Person) -> object:
    return student.open_home("messages")


_LETTER = (_opens, taps("Start"), says(LEARNER), says(LEARNING), says(MATTERS), says(HELPS))

TEXT = Play("text answer", _LETTER[:3], says(LEARNING), says(MATTERS))
EDIT = Play("edit", _LETTER[:4], edits(LEARNER, EDITED), says(MATTERS))
BUTTON = Play("button", _LETTER, taps("Not yet"), says("menu"), tapped=True)
APPROVAL = Play("approval", _LETTER, taps("That's my agenda"), says("menu"), tapped=True)


def prepare(world: World, play: Play) -> Person:
    """A new student, brought to the turn."""
    student = world.student()
    for step in play.before:
        step(world, student)
        world.pause()
    return student
