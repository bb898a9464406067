"""What a flow makes of an answer: the options that words name, what is no answer, what is too thin to go on."""

from __future__ import annotations

from collections.abc import Sequence

from bot.dialogue import options
from bot.dialogue.coach import Coach, Rule
from bot.dialogue.flow import Flow, Kind, Question
from bot.dialogue.path import ANOTHER
from bot.dialogue.state import Act, Reply, Work

MAX_PROBES = 2
CHOOSE = "choose"  # the probe for typing that fits none of the options
STARTER = "starter"  # the prompt after a starter was tapped
PIECE = "piece"  # a piece of work of earlier was tapped
_ACTS = {
    Rule.EMPTY.value: Act.ASIDE,
    Rule.HARSH.value: Act.ASIDE,
    Rule.VAGUE_GOAL.value: Act.VAGUE,
    Rule.EVERYTHING.value: Act.VAGUE,
    Rule.HELP_ME.value: Act.VAGUE,
    Rule.STUDY_MORE.value: Act.VAGUE,
}
_WRITTEN = (Kind.TEXT, Kind.EVIDENCE)
_ECHO_LENGTH = 30


class Judge:
    """A flow's questions in the eyes of a conversation's coach."""

    def __init__(self, flow: Flow, coach: Coach) -> None:
        self.flow = flow
        self.coach = coach
        self._judged: dict[tuple[str, str, int, str], str] = {}

    def act(self, question: Question, text: str, works: Sequence[Work], last: str = "") -> Act:
        """How words count by themselves: said, aside ("idk"), or vague until something better comes."""
        if works or question.kind not in _WRITTEN:
            return Act.SAID
        rule = self._judge(question, text, 0, last)
        if rule and rule not in _ACTS:
            rule = self.coach.judge(text, [rule for rule in question.probes if rule in _ACTS]).rule or ""
        return _ACTS.get(rule, Act.SAID)

    def rule(self, question: Question, reply: Reply, last: str) -> str | None:
        """The probe that what was said calls for, "" if none; None while nothing was said. `last`: last term's."""
        standing = reply.standing()
        said = "\n".join(part.text for part in standing if part.text) if standing else reply.last_words()
        if said is None:
            return None
        if question.kind not in _WRITTEN:
            return "" if standing and standing[0].choices else CHOOSE
        return self._judge(question, said, sum(len(part.works) for part in standing), last)

    def _judge(self, question: Question, text: str, evidence: int, last: str) -> str:
        """The first of a question's rules that words run into; an answer of one message is judged but once."""
        key = (question.id, text, evidence, last)
        if key not in self._judged:
            verdict = self.coach.judge(text, question.probes, evidence=evidence, last=last)
            self._judged[key] = verdict.rule or ""
        return self._judged[key]

    def choices(self, question: Question, text: str) -> tuple[str, ...]:
        """The options that typed words stand for: a number, a label, yes or no."""
        labels = self.labels(question)
        if not labels:
            return ()
        if question.kind is Kind.CONFIRM and (answer := self.coach.yes_no(text)) is not None:
            return ("yes" if answer else "no",)
        if question.kind is Kind.SCALE and (number := self.coach.number(text)) is not None:
            return (str(number),)
        found = options.match(text, labels)
        return found if question.kind is Kind.CHOICES or len(found) == 1 else ()

    def labels(self, question: Question) -> dict[str, str]:
        """What can be tapped for a question: option id → label."""
        if question.kind is Kind.SCALE:
            return {str(number): str(number) for number in range(1, 6)}
        if question.id == ANOTHER and self.flow.another is not None:
            return {"yes": self.flow.another.yes, "no": self.flow.another.no}
        if question.kind is Kind.CONFIRM and not question.options:
            return {"yes": "✓", "no": "✗"}
        return {option.id: option.label for option in question.options}


def enough(reply: Reply, rule: str) -> bool:
    """Whether an answer is taken: nothing is to be asked about it, or it was asked about often enough."""
    return not rule or reply.met >= (1 if rule == CHOOSE else MAX_PROBES)


def echo(rule: str, text: str) -> str:
    """A bare label, short enough to say back: at most three words ("Science. …")."""
    words = text.split()
    short = 0 < len(words) <= 3 and len(text) <= _ECHO_LENGTH
    return " ".join(words) if rule == Rule.LABEL and short else ""
