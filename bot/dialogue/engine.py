"""One step of a dialogue: `advance(flow, coach, state, event) -> (state, effects)`. Pure.

Three rules keep the order of arrival from mattering. A message answers the question that was open, and seen, when it
was written: what was typed before the open question was shown belongs to the one before. What stands as an answer, and
whether it is enough, follows from all that was said to the question, in the order of its ts; as long as the student
has not seen the next question it is weighed anew with every message, edit and deletion. An edit or a deletion that
overtakes its message waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue.coach import Coach, Rule
from bot.dialogue.course import Course
from bot.dialogue.events import (
    Act,
    Begin,
    Command,
    Deleted,
    Do,
    Edited,
    Effect,
    Event,
    Hold,
    Note,
    Revisit,
    Said,
    Say,
    Tapped,
)
from bot.dialogue.flow import Flow, Kind
from bot.dialogue.judging import CHOOSE, MAX_PROBES, PIECE, STARTER, Judge
from bot.dialogue.path import ANOTHER, Path, goal_labels
from bot.dialogue.record import Record
from bot.dialogue.state import Early, Part, Reply, Spot, State

__all__ = ["ANOTHER", "CHOOSE", "MAX_PROBES", "PIECE", "STARTER", "advance", "develop", "goal_labels"]


def advance(flow: Flow, coach: Coach, state: State, event: Event) -> tuple[State, list[Effect]]:
    """The state after an event and what is to be done about it. Neither argument is changed; nothing is raised."""
    turn = _Turn(flow, coach, state.copy(), event)
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


def develop(state: State) -> dict[Spot, str]:
    """The answers that were taken though they are thin, with what they lack."""
    return {Spot.parse(key): reply.thin for key, reply in state.replies.items() if reply.thin}


class _Turn:
    """One event being taken in: the working copy of the state, and the effects so far."""

    def __init__(self, flow: Flow, coach: Coach, state: State, event: Event) -> None:
        self.coach = coach
        self.state = state
        self.path = Path(flow, state)
        self.judge = Judge(flow, coach)
        self.effects: list[Effect] = []
        self.record = Record(state, self.path, self.judge, self.effects)
        self.course = Course(self.path, self.judge, self.effects, event)
        self.seen, self.late = self.course.seen, self.course.late

    # What a student can do

    def begin(self, event: Begin) -> None:
        self.state.labels = event.labels or self.state.labels
        self.state.carried = event.carried or self.state.carried
        self.state.held = ""
        if self.state.spot is not None:
            self.course.ask(self.state.spot)
        else:
            self.course.open(self.path.first(), opening=not self.state.done)

    def revisit(self, spot: Spot) -> None:
        if not self.path.has(spot):
            self.effects.append(Say(Note.ALREADY_ANSWERED))
            return
        if self.state.detour is None and spot != self.state.spot and (self.state.spot or self.state.done):
            self.state.detour = self.state.spot.key() if self.state.spot else ""
        self.state.held = ""
        self.course.open(spot)

    def hear(self, said: Said) -> None:
        if known := self.record.find(said.ts):
            self._hear_original(said, *known)
            return
        spot = self.seen
        command = self.coach.control(said.text) if not said.works else None
        if command is None and self._declines(said, spot):
            command = Command.SKIP
        if said.alarm or self.state.held:
            self._hear_held(said, spot, command)
        elif command:
            self._command(Command(command), spot)
        elif spot is None:
            self.effects.append(Say(Note.NOTHING_OPEN))
        else:
            self._take(said, spot)

    def tap(self, tapped: Tapped) -> None:
        spot, choice = self.state.spot, tapped.choices[0] if tapped.choices else ""
        kind, _, name = choice.partition(":")
        if choice == f"cmd:{Command.NEXT}" and self.state.held:
            self._go_on()
        elif tapped.prompt != self.state.prompt or spot is None or self.state.held:
            self.effects.append(Say(Note.ALREADY_ANSWERED))
        elif kind == "cmd" and name in set(Command):
            self._command(Command(name), spot)
        elif kind == "starter" and name in self._starters(spot):
            self.course.ask(spot, rule=STARTER, starter=int(name))
        elif kind == PIECE:
            self._show(spot, tapped)
        else:
            self._choose(spot, tapped)

    def edit(self, edited: Edited) -> None:
        found = self.record.find(edited.ts)
        if found is None and not edited.alarm:
            self.state.remember(Early(edited.ts, edited.revised, edited.text))
            return
        spot, reply, index = found or self._hear_edit_alone(edited)
        part = reply.parts[index]
        if edited.revised in part.edits:
            return
        self.record.reword(spot, reply, index, edited)
        if edited.alarm:
            self._hold(edited.alarm, spot, edited.ts, edited.revised)
        elif not part.gone:
            if reply.parts[index].text != part.text:
                self.effects.append(Say(Note.EDITED))
            self.course.settle(spot, reply)

    def delete(self, deleted: Deleted) -> None:
        found = self.record.find(deleted.ts)
        if found is None:
            self.state.remember(Early(deleted.ts, deleted.revised, None))
            return
        spot, reply, index = found
        if reply.parts[index].gone == Act.WITHDRAWN:
            return
        self.record.withdraw(spot, reply, index, deleted.revised)
        self.effects.append(Say(Note.WITHDRAWN))
        self.course.settle(spot, reply)

    def _declines(self, said: Said, spot: Spot | None) -> bool:
        """Whether "no" means that there is no piece of work to show, or nothing to add."""
        if spot is None or said.works:
            return False
        question = self.path.question(spot)
        return (question.kind is Kind.EVIDENCE or question.once) and self.coach.yes_no(said.text) is False

    # Answers

    def _take(self, said: Said, spot: Spot) -> None:
        """Words to a question: to the open one, or to one before it while that one was on its way."""
        reply = self.state.reply(spot)
        if not self.late:
            self.record.replace_old(spot, reply)
        reply.met = max(reply.met, min(self.course.probes, reply.probes))
        question = self.path.question(spot)
        act = self.judge.act(question, said.text, said.works, self.course.last(spot))
        choices = self.judge.choices(question, said.text)
        self.record.add(spot, reply, Part(said.ts, said.text, said.ts, act, said.works, choices))
        self.course.settle(spot, reply, said.text)

    def _show(self, spot: Spot, tapped: Tapped) -> None:
        """A piece of work from earlier, as the answer."""
        evidence = self.path.question(spot).kind is Kind.EVIDENCE
        if not (evidence and (tapped.works or tapped.text)) or self.record.find(tapped.ts):
            self.effects.append(Say(Note.ALREADY_ANSWERED))
            return
        reply = self.state.reply(spot)
        self.record.replace_old(spot, reply)
        reply.met = reply.probes
        self.record.add(spot, reply, Part(tapped.ts, tapped.text, tapped.ts, Act.SAID, tapped.works))
        self.course.settle(spot, reply, tapped.text)

    def _choose(self, spot: Spot, tapped: Tapped) -> None:
        question, reply = self.path.question(spot), self.state.reply(spot)
        labels = self.judge.labels(question)
        known = tuple(choice for choice in labels if choice in tapped.choices)
        if not known and question.kind is Kind.CHOICES:
            self.course.ask(spot, rule=CHOOSE)
            return
        if not known or self.record.find(tapped.ts):
            self.effects.append(Say(Note.ALREADY_ANSWERED))
            return
        known = known if question.kind is Kind.CHOICES else known[:1]
        self.record.replace_old(spot, reply)
        text = ", ".join(labels[choice] for choice in known)
        self.record.add(spot, reply, Part(tapped.ts, text, tapped.ts, Act.CHOSEN, (), known))
        self.course.settle(spot, reply)

    # Commands

    def _command(self, command: Command, spot: Spot | None) -> None:
        """`spot` is what the student was looking at."""
        passed = spot != self.state.spot
        match command:
            case Command.BACK:
                self._back(spot)
            case Command.SKIP if passed:
                self.effects.append(Say(Note.ALREADY_ANSWERED))
            case Command.SKIP if spot is not None:
                self._skip(spot)
            case Command.START | Command.NEXT if self.state.spot is not None:
                if not self.late:
                    self.course.ask(self.state.spot)
            case Command.SKIP:
                self.effects.append(Do(Command.MENU))
            case _:
                self.effects.append(Do(command, self.state.spot))

    def _back(self, spot: Spot | None) -> None:
        target = self.path.earlier(spot)
        if target is None and (spot == self.state.spot or not self.state.spot):
            self.effects.append(Do(Command.MENU))  # before the first question of a part are the other parts
        elif target is not None and target != self.state.spot:
            self.course.open(target)
        elif not self.late and self.state.spot is not None:
            self.course.ask(self.state.spot)

    def _skip(self, spot: Spot) -> None:
        reply = self.state.reply(spot)
        self.course.close(spot, reply, (self.course.rule(spot, reply) or "") if reply.answered else "")
        self.state.left = None

    def _starters(self, spot: Spot) -> Sequence[str]:
        """The starters that can be tapped: those of the open probe."""
        rule = self.state.reply(spot).rule
        return [str(number) for number, _ in enumerate(self.coach.probe(rule).starters)] if rule == Rule.EMPTY else ()

    # Safety

    def _hear_held(self, said: Said, spot: Spot | None, command: str | None) -> None:
        """Words a person must read, or words said while the flow waits for one: kept, and off everything."""
        if not said.alarm and command in (Command.START, Command.NEXT):
            self._go_on()
            return
        place, level = self._place(spot), said.alarm or self.state.held
        part = Part(said.ts, said.text, said.ts, Act.SAID, said.works, alarmed=said.ts)
        self.record.add(place, self.state.reply(place), part, level)
        self._hold(level, place, said.ts, said.ts)

    def _hear_original(self, said: Said, spot: Spot, reply: Reply, index: int) -> None:
        """A message that was heard already, or of which an alarming edit was."""
        if not reply.parts[index].unheard:
            return
        self.record.complete(spot, reply, index, said)
        if said.alarm:
            self._hold(said.alarm, spot, said.ts, said.ts)

    def _hear_edit_alone(self, edited: Edited) -> tuple[Spot, Reply, int]:
        """A place for an alarming edit of a message that is no answer, or has not arrived."""
        place = self._place(self.seen)
        return self.record.expect(place, self.state.reply(place), Part(edited.ts, "", edited.ts, unheard=True))

    def _place(self, spot: Spot | None) -> Spot:
        return spot or self.state.before or self.path.first()

    def _hold(self, level: str, spot: Spot, ts: str, revised: str) -> None:
        first = not self.state.held
        self.state.held = level
        self.effects.append(Hold(level, spot, ts, revised, first))

    def _go_on(self) -> None:
        if self.state.done:
            self.state.held = ""
            self.effects.append(Do(Command.MENU))
        else:
            self.begin(Begin())
