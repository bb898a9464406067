"""The way through a flow: which question comes next, through conditions and rounds, and how far along one is."""

from __future__ import annotations

from collections.abc import Iterator

from bot.dialogue.flow import MAX_GOALS, Flow, Kind, Question, Rounds
from bot.dialogue.state import Act, Spot, State

ANOTHER = "another"  # the question after a round: is there another one?


def goal_labels(flow: Flow, state: State) -> tuple[str, ...]:
    """The short name of each round, from the answers to the question marked `label`; "" for one that has none."""
    question = next((question for question in flow.questions if question.label), None)
    if question is None:
        return ()
    names = [_text(state, Spot(question.id, number)) for number in range(1, MAX_GOALS + 1)]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def fitting(flow: Flow, state: State) -> State:
    """The state without the questions this flow does not have: a school's words and its level change under a student.

    Where one of them was open, none is any more; where all fit, it is the same state.
    """
    known = {question.id for question in flow.questions} | ({ANOTHER} if flow.another is not None else set())

    def fits(key: str) -> bool:
        return Spot.parse(key).question in known

    keys = [*state.replies, *state.trail, *(prompt.spot for prompt in state.asked)]
    keys += [key for key in (state.spot.key() if state.spot else "", state.detour) if key]
    if all(map(fits, keys)):
        return state
    kept = state.copy()
    kept.replies = {key: reply for key, reply in kept.replies.items() if fits(key)}
    kept.trail = list(filter(fits, kept.trail))
    kept.asked = [prompt for prompt in kept.asked if fits(prompt.spot)]
    if kept.detour and not fits(kept.detour):
        kept.detour = ""
    if kept.spot is not None and not fits(kept.spot.key()):
        kept.spot, kept.left = None, None
    return kept


class Path:
    """A flow as its state makes it: the answers so far decide what is asked."""

    def __init__(self, flow: Flow, state: State) -> None:
        self.flow = flow
        self.state = state

    def question(self, spot: Spot) -> Question:
        """The question at a spot; KeyError if there is none."""
        if spot.question == ANOTHER and self.flow.another is not None:
            return Question(id=ANOTHER, kind=Kind.CONFIRM, ask=self.flow.another.ask)
        return self.flow.question(spot.question)

    def has(self, spot: Spot) -> bool:
        """Whether the flow has this question, in this round."""
        known = any(question.id == spot.question for question in self.flow.questions)
        return known and 1 <= spot.round <= (1 if self.flow.rounds is Rounds.ONE else MAX_GOALS)

    def first(self) -> Spot:
        """Where the flow begins: in the first round that has a goal, or the first where no goals are known."""
        return self._first_after(0) or self._start(1)

    def next(self, spot: Spot) -> Spot | None:
        """The question after this one; None at the end of the flow."""
        if spot.question == ANOTHER:
            more = "yes" in self.state.reply(spot).choices
            return self._start(spot.round + 1) if more else None
        for question in self._after(spot):
            if self._applies(question, spot.round):
                return Spot(question.id, spot.round)
        if self.flow.rounds is Rounds.ASK and spot.round < MAX_GOALS:
            return Spot(ANOTHER, spot.round)
        return self._first_after(spot.round) if self.flow.rounds is Rounds.GOALS else None

    def here(self, spot: Spot) -> Spot | None:
        """This question if it is still to be asked, else the next that is."""
        return spot if self.applies(spot) else self.next(spot)

    def earlier(self, spot: Spot | None) -> Spot | None:
        """The question that was gone through before this one (None: before the end) and still applies."""
        trail, here = self.state.trail, spot.key() if spot else None
        passed = trail[: trail.index(here)] if here in trail else trail
        return next((one for one in map(Spot.parse, reversed(passed)) if self.applies(one)), None)

    def applies(self, spot: Spot) -> bool:
        """Whether the answers so far let this question be asked."""
        return self._applies(self.question(spot), spot.round)

    def progress(self, spot: Spot) -> tuple[int, int]:
        """Which question of the round this is, and of how many, as things stand; where one comes after the last round,
        all rounds are counted together."""
        if any(question.once for question in self.flow.questions):
            return self._progress_through_all(spot)
        decided: dict[tuple[str, tuple[str, ...]] | None, bool] = {}  # most of a round hang on the same question
        asked = []
        for one in self.flow.questions:
            key = (one.when.question, one.when.answered) if one.when is not None else None
            if key not in decided:
                decided[key] = self._applies(one, spot.round) or self._may_come(one, spot.round)
            if decided[key] or one.id == spot.question:
                asked.append(one.id)
        return (asked.index(spot.question) + 1 if spot.question in asked else len(asked)), len(asked)

    def label(self, spot: Spot) -> str:
        """The goal a round is about, as the student put it; "" where there is none."""
        if self.question(spot).once:
            return ""
        if self.flow.rounds is Rounds.GOALS:
            return self.state.labels[spot.round - 1] if spot.round <= len(self.state.labels) else ""
        naming = (question for question in self.flow.questions if question.label and question.id != spot.question)
        return next((_text(self.state, Spot(question.id, spot.round)) for question in naming), "")

    def _start(self, number: int) -> Spot:
        return Spot(self.flow.questions[0].id, number)

    def _first_after(self, number: int) -> Spot | None:
        return next((self._start(one) for one in self._named() if one > number), None)

    def _named(self) -> list[int]:
        """The rounds that have a goal."""
        return [number for number, label in enumerate(self.state.labels, 1) if label]

    def _progress_through_all(self, spot: Spot) -> tuple[int, int]:
        rounds = self._named() or [1]
        asked = [
            Spot(one.id, number)
            for number in rounds
            for one in self.flow.questions
            if not one.once or number == rounds[-1]
        ]
        return (asked.index(spot) + 1 if spot in asked else len(asked)), len(asked)

    def _after(self, spot: Spot) -> Iterator[Question]:
        questions = iter(self.flow.questions)
        for question in questions:
            if question.id == spot.question:
                break
        return questions

    def _applies(self, question: Question, number: int) -> bool:
        if question.once and number != (self._named() or [1])[-1]:
            return False
        if question.when is None:
            return True
        reply = self.state.replies.get(Spot(question.when.question, number).key())
        if reply is None:
            return False
        if not question.when.answered:  # something was said, be it taken back since: what was asked once stays asked
            return any(part.act is not Act.ASIDE for part in reply.parts)
        return not set(reply.choices).isdisjoint(question.when.answered)

    def _may_come(self, question: Question, number: int) -> bool:
        """Whether it only depends on something being answered at all that was not gone through yet."""
        if question.when is None or question.when.answered:
            return False
        reply = self.state.replies.get(Spot(question.when.question, number).key())
        return reply is None or not reply.closed


def _text(state: State, spot: Spot) -> str:
    reply = state.replies.get(spot.key())
    return reply.text() if reply is not None else ""
