"""The flows that come again: evidence and check-in every week, the reflection after every conference."""

from __future__ import annotations

from datetime import datetime

from bot.dialogue.state import State
from bot.services.roster.school import day_in
from bot.services.talk.scene import Scene
from bot.taps import Ref
from bot.words import QUARTER
from scheduler.plan import week_of

REFLECTION = "reflection"


def period(scene: Scene, flow: str, now: datetime) -> str:
    """What a flow opened now is about: the school's week, or the conference."""
    return f"conference {scene.conference}" if flow == REFLECTION else week_of(day_in(scene.time_zone, now))


def continued(scene: Scene, now: datetime) -> State:
    """The state to go on with where the scene's flow is opened: as it was left this week, or from the beginning.

    What was done this week is done anew; a reflection is gone through again, with what was said.
    """
    state, about = scene.state, period(scene, scene.flow, now)
    if state.period == about and (scene.flow == REFLECTION or not state.done):
        return state
    return state.again(about) if state.period else State(period=about)


def running(scene: Scene, now: datetime) -> bool:
    """Whether one of these flows is open, and still of this week."""
    return scene.flow in QUARTER and not scene.state.done and scene.state.period == period(scene, scene.flow, now)


def may_open(scene: Scene, flow: str, now: datetime) -> bool:
    """Whether it is time for a flow: there is something to look back at only once the conference is over."""
    return flow != REFLECTION or (scene.day is not None and scene.day < day_in(scene.time_zone, now))


def opens(ref: Ref) -> bool:
    """Whether a button opens one of these flows."""
    return ref.choice == "open" and ref.flow in QUARTER
