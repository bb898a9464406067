"""One step of a dialogue: `advance(flow, coach, state, event) -> (state, effects)`. Pure.

Three rules keep the order of arrival from mattering. A message answers the question that was open, and seen, when it
was written: what was typed before the open question was shown belongs to the one before. The parts of an answer stand
in the order of their ts. An edit or a deletion that overtakes its message waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import overload

from bot.dialogue import options
from bot.dialogue.coach import Coach
from bot.dialogue.events import (
    Act,
    Ask,
    Begin,
    Command,
    Deleted,
    Develop,
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
from bot.dialogue.flow import MAX_GOALS, Flow, Kind, Question, Rounds
from bot.dialogue.state import Part, Reply, Spot, State

MAX_PROBES = 2
ANOTHER = "another"  # the question after a round: is there another one?
CHOOSE = "choose"  # the probe for typing that fits none of the options
STARTER = "starter"  # the prompt after a starter was tapped
ECHOED = "label"  # only a bare label is said back: "Science. …"
YIELDING_RULES = ("vague_goal", "everything")  # stand as the answer only until a better one is given
ASIDE_RULES = frozenset({"empty", "harsh"})
EARLY_EDITS = 50
_ECHO_LENGTH = 30


def advance(flow: Flow, coach: Coach, state: State, event: Event) -> tuple[State, list[Effect]]:
    """The state after an event and what is to be done about it. Neither argument is changed; nothing is raised."""
    turn = _Turn(flow, coach, state.copy())
    match event:
        case Said():
            turn.hear(event)
        case Tapped():
            turn.tap(event)
        case Edited():
            turn.edit(event)
        case Deleted():
            turn.delete(event)
        case Begin():
            turn.begin(event)
        case Revisit():
            turn.revisit(event.spot)
    return turn.state, turn.effects


def goal_labels(flow: Flow, state: State) -> tuple[str, ...]:
    """The short name of each round, from the answers to the question marked `label`; "" for one that has none."""
    question = next((question for question in flow.questions if question.label), None)
    if question is None:
        return ()
    spots = (Spot(question.id, number) for number in range(1, MAX_GOALS + 1))
    replies = (state.replies.get(spot.key()) for spot in spots)
    names = [reply.text() if reply is not None else "" for reply in replies]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def develop(state: State) -> dict[Spot, str]:
    """The answers that were taken though they are thin, with the probe that stayed open."""
    return {Spot.parse(key): reply.rule for key, reply in state.replies.items() if reply.closed and reply.rule}


class _Turn:
    """One event being taken in: the working copy of the state, and the effects so far."""

    def __init__(self, flow: Flow, coach: Coach, state: State) -> None:
        self.flow = flow
        self.coach = coach
        self.state = state
        self.effects: list[Effect] = []

    # What a student can do

    def begin(self, event: Begin) -> None:
        if event.labels:
            self.state.labels = event.labels
        if event.carried:
            self.state.carried = event.carried
        self.state.held = ""
        if self.state.spot is not None:
            self._ask()
        elif self.state.done:
            self.state.done = False
            self._reopen(self._first())
        else:
            self._open(self._first(), opening=True)

    def revisit(self, spot: Spot) -> None:
        if not self._exists(spot):
            self.effects.append(Say(Note.ALREADY_ANSWERED))
            return
        if self.state.detour is None:
            self.state.detour = self.state.spot.key() if self.state.spot else ""
        self.state.done = False
        self._reopen(spot)

    def hear(self, said: Said) -> None:
        if self._part(said.ts) is not None:
            return
        said, withdrawn = self._caught_up(said)
        spot = self._addressed(said)
        if said.alarm or self.state.held:
            self._hold(said, spot, withdrawn)
        elif withdrawn is not None:
            self._keep_withdrawn(said, spot, withdrawn)
        elif (command := self.coach.control(said.text)) and not said.works:
            self._command(Command(command))
        elif spot is None:
            self.effects.append(Say(Note.NOTHING_OPEN))
        elif spot == self.state.spot and self._seen(said):
            self._answer(said, spot)
        else:
            self._add(said, spot)

    def tap(self, tapped: Tapped) -> None:
        choice = tapped.choices[0] if tapped.choices else ""
        if choice == f"cmd:{Command.NEXT}" and self.state.held:
            self.begin(Begin())
        elif tapped.prompt != self.state.prompt or self.state.spot is None or self.state.held:
            self.effects.append(Say(Note.ALREADY_ANSWERED))
        elif choice.startswith("cmd:"):
            self._command(Command(choice.removeprefix("cmd:")))
        elif choice.startswith("starter:"):
            self._ask(rule=STARTER, starter=int(choice.removeprefix("starter:")))
        else:
            self._choose(self.state.spot, tapped.ts, tapped.choices)

    def edit(self, edited: Edited) -> None:
        found = self._part(edited.ts)
        if found is None:
            self._remember(edited.ts, edited.revised, edited.text)
            return
        spot, reply, index = found
        part = reply.parts[index]
        if part.gone or float(edited.revised) <= float(part.revised) or edited.text == part.text:
            return
        aside = self._aside(spot, edited.text, part)
        reply.parts[index] = part._replace(
            text=edited.text, revised=edited.revised, aside=aside, alarm=edited.alarm or part.alarm
        )
        self._store(spot, reply.parts[index], Act.ASIDE if aside else Act.EDITED)
        if edited.alarm:
            self._held(edited.alarm, spot, edited.ts, edited.revised)
            return
        self.effects.append(Say(Note.EDITED))
        self._rejudge(spot, reply)

    def delete(self, deleted: Deleted) -> None:
        found = self._part(deleted.ts)
        if found is None:
            self._remember(deleted.ts, deleted.revised, None)
            return
        spot, reply, index = found
        if reply.parts[index].gone:
            return
        reply.parts[index] = reply.parts[index]._replace(gone=True, revised=deleted.revised)
        if reply.chosen == deleted.ts:
            reply.choices, reply.chosen = (), ""
        self._store(spot, reply.parts[index]._replace(text=""), Act.WITHDRAWN)
        self.effects.append(Say(Note.WITHDRAWN))

    # Answers

    def _answer(self, said: Said, spot: Spot) -> None:
        """The student answers the open question, having seen it."""
        reply, question = self.state.reply(spot), self._question(spot)
        self._replace_old(spot, reply)
        aside = self._aside(spot, said.text, said)
        part = Part(said.ts, said.text, said.ts, said.works, aside)
        reply.parts.append(part)
        choices = self._match(question, said.text)
        if choices:
            reply.choices, reply.chosen = choices, said.ts
        self._store(spot, part, Act.ASIDE if aside else Act.SAID, choices)
        rule = self._rule(question, reply, spot)
        if not rule:
            self._accept(spot, reply)
        elif reply.probes >= MAX_PROBES or (rule == CHOOSE and reply.probes):
            self._accept(spot, reply, "" if rule == CHOOSE else rule)
        else:
            reply.probes += 1
            reply.rule = rule
            self._ask(rule=rule, again=reply.probes > 1, echo=_echo(said.text) if rule == ECHOED else "")

    def _add(self, said: Said, spot: Spot) -> None:
        """The student was still writing when the open question was on its way."""
        reply = self.state.reply(spot)
        aside = self._aside(spot, said.text, said)
        part = Part(said.ts, said.text, said.ts, said.works, aside)
        reply.parts.append(part)
        self._store(spot, part, Act.ASIDE if aside else Act.SAID)
        self._rejudge(spot, reply)

    def _rejudge(self, spot: Spot, reply: Reply) -> None:
        """More words, or other words, can make an answer good enough; they never start a probe."""
        if not reply.rule:
            return
        if self._rule(self._question(spot), reply, spot):
            return
        if reply.closed:
            reply.rule = ""
            self.effects.append(Develop(spot, ""))
        elif spot == self.state.spot and reply.probes:
            self._accept(spot, reply)

    def _choose(self, spot: Spot, ts: str, choices: tuple[str, ...]) -> None:
        question, reply = self._question(spot), self.state.reply(spot)
        labels = _labels(question, self.flow)
        known = tuple(choice for choice in choices if choice in labels)
        if not known:
            self.effects.append(Say(Note.ALREADY_ANSWERED))
            return
        self._replace_old(spot, reply)
        reply.choices, reply.chosen = known, ts
        text = ", ".join(labels[choice] for choice in known)
        self.effects.append(Keep(spot, ts, ts, Act.CHOSEN, text, known))
        self._accept(spot, reply)

    def _replace_old(self, spot: Spot, reply: Reply) -> None:
        """A new answer to a question that was opened again takes the place of the old one."""
        if not reply.reopened:
            return
        reply.reopened = False
        for part in reply.parts:
            if not part.gone:
                self.effects.append(Keep(spot, part.ts, part.revised, Act.REPLACED))
        if reply.chosen and all(part.ts != reply.chosen for part in reply.parts):
            self.effects.append(Keep(spot, reply.chosen, reply.chosen, Act.REPLACED))
        reply.parts = [part._replace(gone=True) for part in reply.parts]
        reply.choices, reply.chosen, reply.probes, reply.rule = (), "", 0, ""

    def _accept(self, spot: Spot, reply: Reply, rule: str = "") -> None:
        """Take the answer as it is and go on; a rule that still matches is left for the advisor to develop."""
        if rule or reply.rule:
            self.effects.append(Develop(spot, rule))
        reply.rule = rule
        if not rule and reply.probes:
            self._drop_thin(spot, reply)
        self._leave(spot, reply)

    def _drop_thin(self, spot: Spot, reply: Reply) -> None:
        """A probe brought a better answer: the vague one before it gives way, if anything else stands."""
        rules = tuple(rule for rule in self._question(spot).probes if rule in YIELDING_RULES)
        thin = [part for part in reply.parts if part.counts and rules and self.coach.judge(part.text, rules).rule]
        if len(thin) == sum(part.counts for part in reply.parts):
            return
        for part in thin:
            reply.parts[reply.parts.index(part)] = part._replace(gone=True)
            self.effects.append(Keep(spot, part.ts, part.revised, Act.REPLACED))

    def _leave(self, spot: Spot, reply: Reply) -> None:
        reply.closed, reply.reopened = True, False
        if spot.key() not in self.state.trail:
            self.state.trail.append(spot.key())
        following = self._next(spot)
        if self.state.detour is not None:
            following = Spot.parse(self.state.detour) if self.state.detour else None
            self.state.detour = None
        if following is None:
            self._finish()
        elif self.state.replies.get(following.key(), Reply()).closed:
            self._reopen(following)
        else:
            self._open(following)

    def _finish(self) -> None:
        self.state.before, self.state.spot, self.state.done = self.state.spot, None, True
        self.state.prompt += 1
        self.effects.append(Finished())

    # Commands

    def _command(self, command: Command) -> None:
        match command:
            case Command.BACK:
                self._back()
            case Command.SKIP:
                self._skip()
            case Command.START | Command.NEXT if self.state.spot is not None:
                self._ask()
            case _:
                self.effects.append(Do(command, self.state.spot))

    def _back(self) -> None:
        here = self.state.spot.key() if self.state.spot else None
        earlier = [key for key in self.state.trail if key != here]
        if here in self.state.trail:
            earlier = self.state.trail[: self.state.trail.index(here)]
        if not earlier:
            self._ask()
            return
        self.state.done = False
        self._reopen(Spot.parse(earlier[-1]))

    def _skip(self) -> None:
        spot = self.state.spot
        if spot is None:
            self.effects.append(Do(Command.MENU))
            return
        reply = self.state.reply(spot)
        if spot.question == ANOTHER and not reply.choices:
            reply.choices = ("no",)
        kept = reply.rule if reply.answered else ""
        self._accept(spot, reply, kept if kept != CHOOSE else "")

    # Safety

    def _hold(self, said: Said, spot: Spot | None, withdrawn: str | None) -> None:
        """Words a person must read, or words said while the flow waits for one: kept, and off everything."""
        command = self.coach.control(said.text)
        if not said.alarm and command in (Command.START, Command.NEXT):
            self.begin(Begin())
            return
        place = spot or self.state.before or Spot(self.flow.questions[0].id)
        level = said.alarm or self.state.held
        part = Part(said.ts, said.text, said.ts, said.works, gone=withdrawn is not None, alarm=level)
        self.state.reply(place).parts.append(part)
        self._store(place, part, Act.SAID)
        if withdrawn is not None:
            self._store(place, part._replace(text="", revised=withdrawn), Act.WITHDRAWN)
        self._held(level, place, said.ts, said.ts)

    def _held(self, level: str, spot: Spot, ts: str, revised: str) -> None:
        first = not self.state.held
        self.state.held = level
        self.effects.append(Hold(level, spot, ts, revised, first))

    # Edits that came first

    def _remember(self, ts: str, revised: str, text: str | None) -> None:
        known = self.state.early.get(ts)
        if known is not None and (known[1] is None or (text is not None and float(known[0]) >= float(revised))):
            return
        self.state.early[ts] = (revised, text)
        for old in list(islice(self.state.early, max(0, len(self.state.early) - EARLY_EDITS))):
            del self.state.early[old]

    def _caught_up(self, said: Said) -> tuple[Said, str | None]:
        """The message as edits that overtook it left it, and the ts of its withdrawal if it was withdrawn."""
        revised, text = self.state.early.pop(said.ts, ("", ""))
        if text is None:
            return said, revised
        return (replace(said, text=text), None) if revised else (said, None)

    def _keep_withdrawn(self, said: Said, spot: Spot | None, withdrawn: str) -> None:
        place = spot or self.state.before or Spot(self.flow.questions[0].id)
        part = Part(said.ts, said.text, withdrawn, said.works, gone=True)
        self.state.reply(place).parts.append(part)
        self._store(place, part._replace(revised=said.ts), Act.SAID)
        self._store(place, part._replace(text=""), Act.WITHDRAWN)

    # Where a message belongs, and what comes next

    def _seen(self, said: Said) -> bool:
        """Whether the open question was shown when the message was written; the first question always counts."""
        if self.state.before is None:
            return True
        return said.asked_at is not None and float(said.ts) > float(said.asked_at)

    def _addressed(self, said: Said) -> Spot | None:
        return self.state.spot if self._seen(said) else self.state.before

    def _open(self, spot: Spot, *, opening: bool = False) -> None:
        self.state.before = self.state.spot
        self.state.spot = spot
        self._ask(opening=opening)

    def _reopen(self, spot: Spot) -> None:
        reply = self.state.reply(spot)
        reply.reopened = reply.answered
        reply.closed = False
        self._open(spot)

    def _ask(
        self, *, rule: str = "", again: bool = False, echo: str = "", starter: int | None = None, opening: bool = False
    ) -> None:
        spot = self.state.spot
        if spot is None:
            self.effects.append(Do(Command.MENU))
            return
        if rule:
            self.state.before = spot
        self.state.prompt += 1
        question, reply = self._question(spot), self.state.reply(spot)
        step, total = self._progress(spot)
        now = reply.text() or ", ".join(_labels(question, self.flow).get(c, c) for c in reply.choices)
        last = self.state.carried.get(Spot(question.recall, spot.round).key(), "") if question.recall else ""
        self.effects.append(
            Ask(
                spot,
                self.state.prompt,
                step,
                total,
                rule,
                again,
                echo,
                starter,
                opening,
                "" if rule else now,
                "" if rule else last,
                self._label(spot),
            )
        )

    def _next(self, spot: Spot) -> Spot | None:
        """The question after this one, through conditions and rounds; None at the end of the flow."""
        if spot.question == ANOTHER:
            more = "yes" in self.state.reply(spot).choices
            return Spot(self.flow.questions[0].id, spot.round + 1) if more else None
        for question in self._after(spot):
            if self._applies(question, spot.round):
                return Spot(question.id, spot.round)
        if self.flow.rounds is Rounds.ASK and spot.round < MAX_GOALS:
            return Spot(ANOTHER, spot.round)
        return self._first(after=spot.round) if self.flow.rounds is Rounds.GOALS else None

    @overload
    def _first(self) -> Spot: ...
    @overload
    def _first(self, *, after: int) -> Spot | None: ...
    def _first(self, *, after: int = 0) -> Spot | None:
        """The first question of the next round that has a goal; of the first round where no goals are known."""
        named = [number for number, label in enumerate(self.state.labels, 1) if label and number > after]
        if named:
            return Spot(self.flow.questions[0].id, named[0])
        return None if after else Spot(self.flow.questions[0].id)

    def _after(self, spot: Spot) -> Iterator[Question]:
        questions = iter(self.flow.questions)
        for question in questions:
            if question.id == spot.question:
                break
        return questions

    def _applies(self, question: Question, number: int) -> bool:
        if question.when is None:
            return True
        reply = self.state.replies.get(Spot(question.when.question, number).key())
        return reply is not None and not set(reply.choices).isdisjoint(question.when.answered)

    def _progress(self, spot: Spot) -> tuple[int, int]:
        """Which question of the round this is, and of how many, as things stand."""
        asked = [one.id for one in self.flow.questions if self._applies(one, spot.round) or one.id == spot.question]
        return (asked.index(spot.question) + 1 if spot.question in asked else len(asked)), len(asked)

    def _label(self, spot: Spot) -> str:
        if self.flow.rounds is Rounds.GOALS:
            return self.state.labels[spot.round - 1] if spot.round <= len(self.state.labels) else ""
        for question in self.flow.questions:
            if question.label and question.id != spot.question:
                reply = self.state.replies.get(Spot(question.id, spot.round).key())
                return reply.text() if reply is not None else ""
        return ""

    # Judging

    def _rule(self, question: Question, reply: Reply, spot: Spot) -> str:
        """The probe this answer calls for, or ""."""
        if question.kind is Kind.EVIDENCE or question.kind is Kind.TEXT:
            text = reply.text() or next((part.text for part in reversed(reply.parts) if not part.gone), "")
            last = self.state.carried.get(spot.key(), "")
            verdict = self.coach.judge(text, question.probes, evidence=len(reply.works()), last=last)
            return verdict.rule or ""
        return "" if reply.choices else CHOOSE

    def _aside(self, spot: Spot, text: str, message: Said | Part) -> bool:
        """Whether these words alone say nothing that could stand as an answer."""
        question = self._question(spot)
        if message.works or question.kind not in (Kind.TEXT, Kind.EVIDENCE):
            return False
        rules = tuple(rule for rule in question.probes if rule in ASIDE_RULES)
        return bool(rules) and self.coach.judge(text, rules).rule is not None

    def _match(self, question: Question, text: str) -> tuple[str, ...]:
        """The options that typed words stand for: a number, a label, yes or no."""
        labels = _labels(question, self.flow)
        if not labels:
            return ()
        if question.kind is Kind.CONFIRM:
            answer = self.coach.yes_no(text)
            if answer is not None:
                return ("yes" if answer else "no",)
        found = options.match(text, labels)
        return found if question.kind is Kind.CHOICES else found[:1]

    # Small lookups

    def _question(self, spot: Spot) -> Question:
        if spot.question == ANOTHER and self.flow.another is not None:
            return Question(id=ANOTHER, kind=Kind.CONFIRM, ask=self.flow.another.ask)
        return self.flow.question(spot.question)

    def _exists(self, spot: Spot) -> bool:
        known = any(question.id == spot.question for question in self.flow.questions)
        return known and 1 <= spot.round <= MAX_GOALS

    def _part(self, ts: str) -> tuple[Spot, Reply, int] | None:
        for key, reply in self.state.replies.items():
            for index, part in enumerate(reply.parts):
                if part.ts == ts:
                    return Spot.parse(key), reply, index
        return None

    def _store(self, spot: Spot, part: Part, act: Act, choices: tuple[str, ...] = ()) -> None:
        self.effects.append(Keep(spot, part.ts, part.revised, act, part.text, choices, part.works, part.alarm))


def _labels(question: Question, flow: Flow) -> dict[str, str]:
    """What can be tapped for a question: option id → label."""
    if question.kind is Kind.SCALE:
        return {str(number): str(number) for number in range(1, 6)}
    if question.kind is Kind.CONFIRM:
        if question.id == ANOTHER and flow.another is not None:
            return {"yes": flow.another.yes, "no": flow.another.no}
        return {option.id: option.label for option in question.options} or {"yes": "✓", "no": "✗"}
    return {option.id: option.label for option in question.options}


def _echo(text: str) -> str:
    """A label short enough to say back: at most three words."""
    words = text.split()
    return " ".join(words) if 0 < len(words) <= 3 and len(text) <= _ECHO_LENGTH else ""
