"""Where a dialogue goes: what stands as an answer is weighed, and the next question or a probe is put."""

from __future__ import annotations

from bot.dialogue.coach import Rule
from bot.dialogue.events import LONG_AGO, Ask, Deleted, Develop, Edited, Effect, Event, Finished, Said, Took
from bot.dialogue.flow import Kind
from bot.dialogue.judging import CHOOSE, Judge, echo, enough
from bot.dialogue.path import Path
from bot.dialogue.state import Left, Reply, Spot, moment


class Course:
    """The open question of a state, and how one event moves it. What is to be said is added to the effects."""

    def __init__(self, path: Path, judge: Judge, effects: list[Effect], event: Event) -> None:
        self.path = path
        self.judge = judge
        self.effects = effects
        self.state = path.state
        self.shown: str | None = LONG_AGO  # when the open question was; None: not yet
        self.took = Took.PLAINLY  # how the answer was taken that was just left
        self.late = False  # the student had not seen the open question
        self.seen = self.state.spot  # what they were looking at …
        self.probes = self.state.reply(self.seen).probes if self.seen else 0  # … and how many probes had been put to it
        if isinstance(event, Said | Edited | Deleted):
            self._look_back(event)

    def _look_back(self, event: Said | Edited | Deleted) -> None:
        sent = event.ts if isinstance(event, Said) else event.revised
        self.shown = event.asked_at
        self.late = bool(self.state.asked) and (self.shown is None or moment(sent) <= moment(self.shown))
        prompt = self.state.seen_at(sent) if self.late else None
        if prompt is not None:
            self.seen, self.probes = Spot.parse(prompt.spot), prompt.probes

    def settle(self, spot: Spot, reply: Reply, words: str | None = None) -> None:
        """Weigh all that was said to a question: go on, ask about it, or go back to it. `words`: if some were added."""
        if self.state.held:
            return
        rule = self.rule(spot, reply)
        taken = rule is not None and enough(reply, rule)
        left = self.state.left
        if spot == self.state.spot and spot != self.seen:
            reply.reopened = reply.answered
        elif spot == self.state.spot:
            if taken and not reply.reopened:
                self.close(spot, reply, rule or "")
            elif not reply.reopened:
                self._probe(spot, reply, rule or "", words)
        elif reply.closed and not taken and self.late and left is not None and left.spot == spot.key():
            self._return(reply, left)
            self._probe(spot, reply, rule or "", words)
        else:
            if reply.closed:
                self._mark(spot, reply, rule or "")
            self._realign()

    def rule(self, spot: Spot, reply: Reply) -> str | None:
        """The probe that what was said to a question calls for, "" if none; None while nothing was said."""
        return self.judge.rule(self.path.question(spot), reply, self.last(spot))

    def last(self, spot: Spot) -> str:
        """The last conference's answer to a question."""
        return self.state.carried.get(spot.key(), "")

    def _probe(self, spot: Spot, reply: Reply, rule: str, words: str | None) -> None:
        """Ask for more, once for each answer; an edit alone asks for nothing."""
        reply.rule = rule
        self._mark(spot, reply, rule if rule == Rule.BLAME else "")
        back = spot != self.state.spot
        if back and not rule:
            self.ask(spot)
        elif rule and (back or (words is not None and reply.probes == reply.met)):
            self.ask(spot, rule=rule, again=reply.met > 0, echo=echo(rule, words or ""))
            reply.probes = reply.met + 1

    def _return(self, reply: Reply, left: Left) -> None:
        """What was taken as an answer is none after all, and the student has not seen the next question."""
        if self.state.spot is not None:
            following = self.state.reply(self.state.spot)
            following.closed, following.reopened = following.reopened, False
        self.state.detour, self.state.done = left.detour, False
        reply.closed = False

    def _realign(self) -> None:
        """The open question, not seen yet, may no longer be the one that follows: an earlier answer decides that."""
        left = self.state.left
        if not self.late or left is None or left.detour is not None:
            return
        spot = Spot.parse(left.spot)
        if self.path.next(spot) != self.state.spot:
            reply = self.state.reply(spot)
            self._return(reply, left)
            self.close(spot, reply, reply.thin)

    def close(self, spot: Spot, reply: Reply, rule: str) -> None:
        """Take the answer as it is and go on; a rule that still matches is left for the advisor to develop."""
        reply.rule = ""
        self._mark(spot, reply, rule)
        reply.closed, reply.reopened = True, False
        if spot.key() not in self.state.trail:
            self.state.trail.append(spot.key())
        self.took = self._taken(spot, reply)
        detour, self.state.detour = self.state.detour, None
        following = self.path.next(spot) if detour is None else self._after(detour)
        if following is None:
            self._finish()
        else:
            self.open(following)
        self.state.left = Left(spot.key(), detour)

    def _taken(self, spot: Spot, reply: Reply) -> Took:
        """Whether a probe brought more, for the coach to say so; that an option was found at last is nothing to say."""
        if reply.thin:
            return Took.THIN
        told = self.path.question(spot).kind in (Kind.TEXT, Kind.EVIDENCE)
        return Took.BETTER if told and reply.met and reply.answered else Took.PLAINLY

    def _after(self, detour: str) -> Spot | None:
        """Where a detour comes back to; None for the end."""
        return self.path.here(Spot.parse(detour)) if detour else None

    def _finish(self) -> None:
        self.state.turn_to(None, self.shown)
        self.state.done = True
        self.effects.append(Finished())

    def _mark(self, spot: Spot, reply: Reply, thin: str) -> None:
        thin = "" if thin == CHOOSE else thin
        if thin != reply.thin:
            reply.thin = thin
            self.effects.append(Develop(spot, thin))

    def open(self, spot: Spot, *, opening: bool = False) -> None:
        """Go to a question; what stands there as its answer does until a new one comes."""
        reply = self.state.reply(spot)
        reply.closed, reply.reopened = False, reply.answered
        self.state.done = False
        self.ask(spot, opening=opening)

    def ask(
        self,
        spot: Spot,
        *,
        rule: str = "",
        again: bool = False,
        echo: str = "",
        starter: int | None = None,
        opening: bool = False,
    ) -> None:
        """Put a question, or with a `rule` a probe about it."""
        self.state.turn_to(spot, self.shown)
        self.shown = None
        now, last = ("", "") if rule else self._known(spot)
        step, total = self.path.progress(spot)
        label, took = self.path.label(spot), Took.PLAINLY if rule else self.took
        self.effects.append(
            Ask(spot, self.state.prompt, step, total, rule, again, echo, starter, opening, now, last, label, took)
        )

    def _known(self, spot: Spot) -> tuple[str, str]:
        """The answer that stands already, and the one of the last conference."""
        question, reply = self.path.question(spot), self.state.reply(spot)
        labels = self.judge.labels(question)
        recalled = Spot(question.recall, spot.round).key() if question.recall else ""
        now = ", ".join(labels[choice] for choice in reply.choices if choice in labels)
        return now or reply.text(), self.state.carried.get(recalled, "")
