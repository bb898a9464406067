"""Random walks over the real flows: never raises, never stuck, never lost, and the order of arrival does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.dialogue.coach import Rule
from bot.dialogue.engine import ANOTHER, CHOOSE, STARTER
from bot.dialogue.events import (
    Act,
    Ask,
    Begin,
    Deleted,
    Do,
    Edited,
    Effect,
    Event,
    Finished,
    Hold,
    Keep,
    Note,
    Revisit,
    Said,
    Say,
    Tapped,
)
from bot.dialogue.flow import MAX_GOALS, Kind
from bot.dialogue.judging import Judge
from bot.dialogue.path import Path
from bot.dialogue.state import Spot
from tests.dialogue.talk import FLOWS, GOOD, PHOTO, Talk, real, stamp, standing
from tests.dialogue.words import LANGUAGES
from tests.naughty import NAUGHTY, naughty_texts

TEXTS = (
    GOOD,
    "then I start at the kitchen table before five and ask Yusuf to check it",
    "Mido dos veces antes de cortar porque una vez salió mal",
    "math", "matemáticas", "homework", "idk", "no sé", "", "...", "be better", "try harder", "study more",
    "get an A", "everything", "todo", "I'm dumb", "soy tonta", "the teacher hates me", "help me", "ayúdame",
    "yes", "no", "sí", "1", "2", "4", "1 and 2", "Getting started", "Entenderlo", "Yes, ask them", "My goals",
)  # fmt: skip
COMMANDS = ("back", "skip", "pause", "help", "preview", "menu", "start", "next", "atrás", "saltar", "ayuda", "menú")
CHOICES = (
    "yes", "no", "1", "5", "starting", "else", "own", "off", "strengths", "boxes", "nothing", "cmd:back", "cmd:skip",
    "cmd:help", "cmd:next", "cmd:fly", "starter:0", "starter:2", "starter:9", "starter:x", "piece:7", "getting_there",
)  # fmt: skip
LABELS = (("read more", "", "raise my hand"), (), ("", "be on time"))
PROMPTED = {*(rule.value for rule in Rule), "", CHOOSE, STARTER}

Message = Said | Edited | Deleted

texts = st.sampled_from(TEXTS)
places = st.tuples(st.sampled_from(LANGUAGES), st.sampled_from(FLOWS))
number = st.integers(0, 30)
actions = st.one_of(
    st.tuples(st.just("say"), texts, st.booleans()),
    st.tuples(st.just("say"), texts, st.just(False)),
    st.tuples(st.just("say"), st.sampled_from(COMMANDS), st.booleans()),
    st.tuples(st.just("say"), st.sampled_from(NAUGHTY), st.booleans()),
    st.tuples(st.just("show"), texts, st.booleans()),
    st.tuples(st.just("alarm"), texts, st.booleans()),
    st.tuples(st.just("edit"), texts, number),
    st.tuples(st.just("alarming edit"), texts, number),
    st.tuples(st.just("delete"), st.none(), number),
    st.tuples(st.just("edit first"), texts, st.booleans()),
    st.tuples(st.just("delete first"), texts, st.booleans()),
    st.tuples(st.just("again"), st.none(), number),
    st.tuples(st.just("tap"), st.sampled_from(CHOICES), st.sampled_from([0, 0, 0, 1])),
    st.tuples(st.just("begin"), st.sampled_from(LABELS), st.booleans()),
    st.tuples(st.just("revisit"), number, st.integers(0, 4)),
)


@dataclass
class Walk:
    """A student who does anything at all; every effect is looked at as it comes."""

    talk: Talk
    fed: list[Event] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)  # the ts of messages that had to be kept
    waiting: list[Said] = field(default_factory=list)  # said, but not arrived yet

    def do(self, action: tuple[Any, ...]) -> None:
        kind, what, how = action
        match kind:
            case "say" | "alarm":
                self.say(what, late=how, alarm="look" if kind == "alarm" else "")
            case "show":
                self.talk.show()
            case "edit" | "alarming edit":
                self.feed(Edited(self.message(how), self.talk.tick(), what, "look" if kind != "edit" else "", self.at))
            case "delete":
                self.feed(Deleted(self.message(how), self.talk.tick(), self.at))
            case "edit first":
                self.overtake(lambda ts: Edited(ts, self.talk.tick(), "an edit that came first", "", self.at), what)
            case "delete first":
                self.overtake(lambda ts: Deleted(ts, self.talk.tick(), self.at), what)
            case "again":
                self.again(how)
            case "tap":
                piece = ((PHOTO,), "my timeline") if what.startswith("piece:") else ((), "")
                self.feed(Tapped(self.talk.tick(), self.talk.state.prompt - how, (what,), *piece))
            case "begin":
                self.feed(Begin(what, {"wish#1": "raise my hand once", "stuck#1": "homework"} if how else {}))
            case _:
                questions = self.talk.flow.questions
                self.feed(Revisit(Spot(questions[what % len(questions)].id, how)))

    @property
    def at(self) -> str | None:
        return self.talk.asked_at

    def say(self, text: str, *, late: bool = False, alarm: str = "") -> None:
        if not late:
            self.talk.show()
        self.feed(Said(self.talk.tick(), text, self.at, (PHOTO,) if text == GOOD else (), alarm))

    def overtake(self, change: Any, text: str) -> None:
        ts = self.talk.tick()
        self.feed(change(ts))
        self.feed(Said(ts, text, self.at))

    def message(self, index: int) -> str:
        said = [event.ts for event in self.fed if isinstance(event, Said | Tapped)]
        return said[index % len(said)] if said else stamp(1)

    def again(self, index: int) -> None:
        """An event that came before comes once more: nothing is kept, and the answers stay as they are."""
        repeatable = [event for event in self.fed if isinstance(event, Said | Edited | Deleted)]
        if repeatable:
            before = standing(self.talk.state)
            event = repeatable[index % len(repeatable)]
            effects = self.feed(event, first=False)
            command = isinstance(event, Said) and event.ts not in self.heard
            assert command or not [effect for effect in effects if isinstance(effect, Keep | Ask | Finished | Hold)]
            assert standing(self.talk.state) == before or (command and self.talk.state.held)

    def feed(self, event: Event, *, first: bool = True) -> list[Effect]:
        effects = self.talk.feed(event)
        self.fed += [event] if first else []
        self.check(event, effects, first=first)
        return effects

    def check(self, event: Event, effects: Sequence[Effect], *, first: bool) -> None:
        state, flow = self.talk.state, self.talk.flow
        prompts = [effect for effect in effects if isinstance(effect, Ask | Finished)]
        assert len(prompts) <= 1
        for effect in effects:
            match effect:
                case Ask():
                    assert (effect.spot, effect.prompt) == (state.spot, state.prompt)
                    rounds = MAX_GOALS if any(question.once for question in flow.questions) else 1
                    assert 1 <= effect.step <= effect.total <= rounds * len(flow.questions)
                    assert effect.rule in PROMPTED
                    assert not (effect.rule and (effect.now or effect.last))
                    assert effect.spot.question == ANOTHER or flow.question(effect.spot.question)
                    assert 1 <= effect.spot.round <= MAX_GOALS
                    assert not state.held
                    assert not state.done
                case Finished():
                    assert state.done
                    assert state.spot is None
                case Hold():
                    assert effect.level
                    assert state.held
                    flagged = {
                        (one.spot, one.ts, one.revised) for one in effects if isinstance(one, Keep) and one.alarm
                    }
                    assert (effect.spot, effect.ts, effect.revised) in flagged
                case Keep():
                    assert float(effect.revised) >= float(effect.ts)
        if first and isinstance(event, Said):
            passed = any(isinstance(one, Do) or one == Say(Note.NOTHING_OPEN) for one in effects)
            mine = [one for one in effects if isinstance(one, Keep) and one.ts == one.revised == event.ts]
            plain = not event.works and not event.alarm
            command = self.talk.coach.control(event.text) and plain
            declined = self.talk.coach.yes_no(event.text) is False and plain and not mine  # nothing to show or add
            if not (passed or command or declined):
                assert [one.text for one in mine] == [event.text]
                self.heard.add(event.ts)

    def account(self) -> None:
        """Nothing is lost, nothing is kept twice, and what is stored says what the state says."""
        keeps = [effect for effect in self.talk.every if isinstance(effect, Keep)]
        assert max(Counter((keep.ts, keep.revised, keep.act) for keep in keeps).values(), default=1) == 1
        said = Counter(
            keep.ts for keep in keeps if keep.ts == keep.revised and keep.act in (Act.SAID, Act.ASIDE, Act.VAGUE)
        )
        assert all(said[ts] == 1 for ts in self.heard)
        words = Counter((keep.ts, keep.revised) for keep in keeps if keep.act not in (Act.WITHDRAWN, Act.REPLACED))
        assert max(words.values(), default=1) == 1
        stored = {
            key: (given.text, given.choices, given.evidence)
            for key, given in self.talk.given().items()
            if given.revisions
        }
        assert stored == standing(self.talk.state)

    def reach_the_end(self) -> None:
        """Whatever happened, plain good answers lead to the end."""
        flow, judge = self.talk.flow, Judge(self.talk.flow, self.talk.coach)
        if self.talk.state.held:
            self.talk.tap("cmd:next")
        if self.talk.state.done:
            return
        self.talk.begin()
        for _ in range(2 * MAX_GOALS * (len(flow.questions) + 1) + 2):
            spot = self.talk.state.spot
            assert spot is not None
            question = Path(flow, self.talk.state).question(spot)
            if question.kind in (Kind.TEXT, Kind.EVIDENCE):
                self.talk.say(GOOD, *((PHOTO,) if question.kind is Kind.EVIDENCE else ()))
            else:
                self.talk.tap("no" if spot.question == ANOTHER else next(iter(judge.labels(question))))
            if self.talk.finished:
                return
        raise AssertionError("stuck")


@given(places, st.lists(actions, max_size=25))
@settings(max_examples=400, deadline=None)
def test_a_student_can_do_anything_and_nothing_is_lost_and_nobody_is_stuck(
    place: tuple[str, str], steps: list[tuple[Any, ...]]
) -> None:
    language, name = place
    walk = Walk(Talk(real(language, name), language).begin(LABELS[0]))
    for step in steps:
        walk.do(step)
    walk.account()
    walk.reach_the_end()
    walk.account()


# Order of arrival

simple = st.one_of(
    st.tuples(st.just("say"), texts, st.just(False)),
    st.tuples(st.just("say"), st.just(GOOD), st.just(False)),
    st.tuples(st.just("say"), st.sampled_from(COMMANDS), st.just(False)),
    st.tuples(st.just("tap"), st.sampled_from(CHOICES), st.just(0)),
    st.tuples(st.just("edit"), texts, number),
    st.tuples(st.just("revisit"), number, st.just(1)),
)
bursts = st.lists(
    st.one_of(
        st.tuples(st.just("say"), texts),
        st.tuples(st.just("edit"), texts, number),
        st.tuples(st.just("delete"), st.none(), number),
    ),
    min_size=2,
    max_size=6,
)


def events_of(burst: Sequence[tuple[Any, ...]], talk: Talk, earlier: Sequence[str]) -> list[Message]:
    """The burst as events; an edit or deletion is of one of its messages, or of one before it."""
    talk.show()
    events: list[Message] = []
    said: list[str] = [*earlier]
    for kind, text, *which in burst:
        if kind == "say":
            said.append(talk.tick())
            events.append(Said(said[-1], text, talk.asked_at))
        elif said:
            ts = said[-1 - which[0] % len(said)]
            change = Edited(ts, talk.tick(), text) if kind == "edit" else Deleted(ts, talk.tick())
            events.append(change)
    return events


def arrive(talk: Talk, events: Sequence[Message], shown_after: int) -> tuple[Any, ...]:
    """What is so after these events; the question that comes of them is shown after so many, later than all of them."""
    talk = copy(talk)
    talk.every = [*talk.every]
    for index, event in enumerate(events):
        if index >= shown_after and talk.asked_at is None:
            talk.asked_at = stamp(talk.second + 1000 + index)
        talk.feed(replace(event, asked_at=talk.asked_at))
    answers = {key: (given.text, given.choices, given.evidence) for key, given in talk.given().items()}
    assert {key: one for key, one in answers.items() if any(one)} == {
        key: one for key, one in standing(talk.state).items() if any(one)
    }
    return answers, talk.open, talk.state.done


@given(places, st.lists(simple, max_size=8), bursts, st.integers(0, 6), st.integers(0, 2**32))
@settings(max_examples=500, deadline=None)
@example(("en", "strengths"), [], [("say", "be better"), ("say", GOOD), ("delete", None, 0)], 9, 1)
def test_a_burst_gives_the_same_answers_and_the_same_open_question_in_any_order_of_arrival(
    place: tuple[str, str],
    steps: list[tuple[Any, ...]],
    burst: list[tuple[Any, ...]],
    shown_after: int,
    seed: int,
) -> None:
    language, name = place
    walk = Walk(Talk(real(language, name), language).begin(LABELS[0]))
    for step in steps:
        walk.do(step)
    talk = walk.talk
    if talk.state.spot is None:
        return
    kept = [effect.ts for effect in talk.every if isinstance(effect, Keep) and effect.act is not Act.CHOSEN]
    events = events_of(burst, talk, list(dict.fromkeys(kept)))
    shuffled = [*events]
    Random(seed).shuffle(shuffled)
    assert arrive(talk, shuffled, shown_after) == arrive(talk, events, len(events))


# Words


@given(st.sampled_from(LANGUAGES), st.lists(naughty_texts, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_words_are_kept_as_they_were_written(language: str, words: list[str]) -> None:
    talk = Talk(real(language, "letter"), language).begin()
    for text in words:
        ts = talk.say(text)
        if not talk.coach.control(text):
            assert [keep.text for keep in talk.effects if isinstance(keep, Keep) and keep.ts == ts] == [text]
        talk.edit(ts, text + "!")
        if not talk.coach.control(text):
            assert [keep.text for keep in talk.effects if isinstance(keep, Keep)] == [text + "!"]
