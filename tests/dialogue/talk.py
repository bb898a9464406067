"""A conversation with the engine alone: the state is written to JSON and read back between every two events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import prompts
from bot.conference.answers import Given, Revision, fold
from bot.dialogue.engine import advance
from bot.dialogue.events import (
    Ask,
    Begin,
    Deleted,
    Develop,
    Edited,
    Effect,
    Event,
    Finished,
    Hold,
    Keep,
    Revisit,
    Said,
    Say,
    Tapped,
)
from bot.dialogue.flow import Flow, parse_flow
from bot.dialogue.state import Spot, State, Work
from tests.dialogue.words import coach, packaged

FLOWS = tuple(sorted(path.stem for path in (Path(prompts.__file__).parent / "en" / "flows").glob("*.toml")))
GOOD = "I measured the scale for the timeline on the football field because nobody else had the tape"
PHOTO = Work("photo", "timeline", "F1", "https://files.test/F1")


@cache
def real(language: str, name: str) -> Flow:
    """A flow of the package."""
    return parse_flow(name, packaged(language, f"flows/{name}.toml"))


def stamp(second: float) -> str:
    """Slack's ts for a second of these conversations."""
    return f"{1_796_400_000 + second:.6f}"


class Talk:
    """One student in one flow. Every message is written after the open question was shown, unless `late`."""

    def __init__(self, flow: Flow, language: str = "en", state: State | None = None) -> None:
        self.flow = flow
        self.coach = coach(language)
        self.json = (state or State()).to_json()
        self.second = 0
        self.asked_at: str | None = None
        self.effects: list[Effect] = []
        self.every: list[Effect] = []

    # What happens

    def feed(self, event: Event) -> list[Effect]:
        """One event; the effects are its own."""
        state = State.from_json(self.json)
        after, self.effects = advance(self.flow, self.coach, state, event)
        assert state.to_json() == self.json, "the state that was given is not to be changed"
        self.json = after.to_json()
        assert State.from_json(self.json).to_json() == self.json
        self.every += self.effects
        if any(isinstance(effect, Ask | Finished) for effect in self.effects):
            self.asked_at = None
        return self.effects

    def tick(self) -> str:
        """A later ts."""
        self.second += 10
        return stamp(self.second)

    def show(self) -> None:
        """The open question reaches the student."""
        if self.asked_at is None:
            self.asked_at = self.tick()

    def begin(self, labels: Iterable[str] = (), carried: Mapping[str, str] | None = None) -> Talk:
        self.feed(Begin(tuple(labels), carried or {}))
        return self

    def say(self, text: str, *works: Work, late: bool = False, alarm: str = "") -> str:
        """A message; `late`: written before the open question was shown. Back comes its ts."""
        if not late:
            self.show()
        ts = self.tick()
        self.feed(Said(ts, text, None if late else self.asked_at, works, alarm))
        return ts

    def edit(self, ts: str, text: str, *, late: bool = False, alarm: str = "") -> str:
        if not late:
            self.show()
        revised = self.tick()
        self.feed(Edited(ts, revised, text, alarm, None if late else self.asked_at))
        return revised

    def delete(self, ts: str, *, late: bool = False) -> None:
        if not late:
            self.show()
        self.feed(Deleted(ts, self.tick(), None if late else self.asked_at))

    def tap(self, *choices: str, prompt: int | None = None) -> str:
        self.show()
        ts = self.tick()
        self.feed(Tapped(ts, self.state.prompt if prompt is None else prompt, choices))
        return ts

    def revisit(self, key: str) -> None:
        self.feed(Revisit(Spot.parse(key)))

    # What came of it

    @property
    def state(self) -> State:
        return State.from_json(self.json)

    @property
    def open(self) -> str | None:
        """The key of the open question."""
        spot = self.state.spot
        return spot.key() if spot else None

    @property
    def ask(self) -> Ask:
        """The prompt that was just put."""
        (ask,) = [effect for effect in self.effects if isinstance(effect, Ask)]
        return ask

    @property
    def notes(self) -> list[str]:
        return [effect.note.value for effect in self.effects if isinstance(effect, Say)]

    @property
    def developed(self) -> list[tuple[str, str]]:
        return [(effect.spot.key(), effect.rule) for effect in self.effects if isinstance(effect, Develop)]

    @property
    def holds(self) -> list[Hold]:
        return [effect for effect in self.effects if isinstance(effect, Hold)]

    @property
    def finished(self) -> bool:
        return any(isinstance(effect, Finished) for effect in self.effects)

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the last event kept: act and text."""
        return [(effect.act.value, effect.text) for effect in self.effects if isinstance(effect, Keep)]

    def given(self) -> dict[str, Given]:
        """The answers as the stored revisions say."""
        return answers(self.flow, self.every)

    def text(self, key: str) -> str:
        """An answer's words: the stored revisions and the state say the same."""
        given, reply = self.given().get(key), self.state.replies.get(key)
        text = given.text if given else ""
        assert (reply.text() if reply else "") == text
        return text


def answers(flow: Flow, effects: Iterable[Effect]) -> dict[str, Given]:
    """The Keep effects, stored and folded."""
    kept = (effect for effect in effects if isinstance(effect, Keep))
    revisions = [_revision(number, flow.name, keep) for number, keep in enumerate(kept, 1)]
    return {Spot(place.question, place.round).key(): given for place, given in fold(revisions).items()}


def _revision(number: int, flow: str, keep: Keep) -> Revision:
    return Revision(
        number, flow, *keep.spot, keep.ts, keep.revised, keep.act.value, keep.text,
        " ".join(keep.choices), [work._asdict() for work in keep.works], keep.alarm,
    )  # fmt: skip


def standing(state: State) -> dict[str, tuple[str, tuple[str, ...], tuple[Work, ...]]]:
    """The answers as the state says: words, choices, works."""
    return {
        key: (reply.text(), reply.choices, tuple(work for part in reply.standing() for work in part.works))
        for key, reply in state.replies.items()
        if reply.answered
    }
