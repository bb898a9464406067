"""From a delivery's plain data to a message: words from the catalog, buttons from the flow. Done when it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from bot.dialogue.engine import ANOTHER, CHOOSE, PIECE, STARTER
from bot.dialogue.events import Command
from bot.dialogue.flow import Band, Flow, Kind, Question
from bot.errors import ComposeError
from bot.services.speech import Kind as DeliveryKind
from bot.slack.blocks import Message, messages
from bot.slack.controls import BUTTON_TEXT, Button, Checkboxes, Control, Row, Select
from bot.taps import Ref, Tap
from bot.words import APPROVE, Words
from prompts.markdown import Document
from prompts.splitting import shorten

BUTTONS_PER_ROW = 5
WORDINGS = 3  # of [took] in labels.toml
Controls = Mapping[str, Sequence[Row]]


@contextmanager
def composing() -> Iterator[None]:
    """What fails in here, before any call, fails each time: ComposeError with the name of what was raised.

    Its message is not kept, for there may be a student's words in it.
    """
    try:
        yield
    except Exception as error:
        raise ComposeError(type(error).__name__) from error


def compose(words: Words, kind: str, payload: Mapping[str, Any]) -> list[Message]:
    """The messages of a delivery; more than one only where it does not fit into one."""
    return ask(words, payload) if kind == DeliveryKind.ASK else messages(*say(words, payload))


def say(words: Words, payload: Mapping[str, Any]) -> tuple[Document, Controls]:
    """A template with its buttons."""
    language = words.language(payload["language"])
    document = words.catalog.render(language, payload["template"], payload["context"])
    return document, controls_of(words, language, payload["buttons"])


def controls_of(words: Words, language: str, rows: Mapping[str, Any]) -> Controls:
    """Buttons as a service names them, with their labels in a language."""
    return {
        slot: [tuple(_control(words, language, one) for one in row) for row in wanted if row]
        for slot, wanted in rows.items()
    }


def ask(words: Words, payload: Mapping[str, Any]) -> list[Message]:
    """The open question of a flow, or a probe about it."""
    language, asked = words.language(payload["language"]), payload["ask"]
    flow = words.flow(language, asked["flow"], asked["level"])
    question = _question(flow, asked["question"])
    context = _context(words, language, flow, question, asked)
    if asked["now"] or asked["last"] or asked["echo"] or asked["label"] or asked.get("pieces"):
        return _asking(words, language, context, asked)
    common = tuple((name, value) for name, value in asked.items() if name not in _ONES_OWN)
    return [_addressed(one, asked) for one in _common(words, language, tuple(context.items()), common)]


def _asking(words: Words, language: str, context: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Message]:
    flow = words.flow(language, asked["flow"], asked["level"])
    document = words.catalog.render(language, "ask", context)
    rows = _rows(words, language, flow, _question(flow, asked["question"]), asked)
    return messages(document, {"actions": list(rows)})


_NOBODY = {"conversation": 0, "prompt": 0}
_ONES_OWN = frozenset({"conversation", "prompt", "student", "advisor"})
"""What differs from student to student where the wording does not. The names are in the context, if in the words."""


@lru_cache(maxsize=1024)
def _common(
    words: Words, language: str, context: tuple[tuple[str, Any], ...], asked: tuple[tuple[str, Any], ...]
) -> list[Message]:
    """A question as all are asked it who are asked it in these words, for nobody yet. No student's words come in."""
    return _asking(words, language, dict(context), {**dict(asked), **_NOBODY})


def _addressed(message: Message, asked: Mapping[str, Any]) -> Message:
    """A message made for nobody, with buttons of this conversation. The rest is shared, and must not be changed."""
    nobody, here = (Ref(one["conversation"], asked["flow"], one["prompt"], "").text() for one in (_NOBODY, asked))
    blocks = [_answering(block, nobody, here) if "block_id" in block else block for block in message.blocks]
    return Message(message.text, blocks)


def _answering(block: Mapping[str, Any], nobody: str, here: str) -> dict[str, Any]:
    elements = [
        {**one, "value": one["value"].replace(nobody, here, 1)} if "value" in one else one for one in block["elements"]
    ]
    return {**block, "block_id": block["block_id"].replace(nobody, here, 1), "elements": elements}


def _context(words: Words, language: str, flow: Flow, question: Question, asked: Mapping[str, Any]) -> dict[str, Any]:
    about = {
        "student": asked["student"],
        "advisor": asked["advisor"],
        "round": asked["round"],
        "goal": asked["label"],
        "last": asked["last"],
    }

    def fill(worded: Mapping[Band, str]) -> str:
        text = worded.get(Band(asked["band"]), "")
        return words.catalog.fill(language, text, about) if text else ""

    probe = bool(asked["rule"])
    fresh = not probe and not asked["now"]
    after = words.flow(language, asked["after"]).closing if asked["after"] and not probe else {}
    opening = [_took(words, language, asked), fill(after), fill(flow.opening) if asked["opening"] else ""]
    if after and not asked["opening"]:
        opening.append(words.catalog.label(language, "ask.back_to", title=flow.title))
    return {
        "title": flow.title,
        "opening": "\n\n".join(text for text in opening if text),
        "step": 0 if question.id == ANOTHER else asked["step"], "total": asked["total"],
        "question": _probe(words, language, asked) if probe else fill(question.ask),
        "starter": fill(question.starter) if fresh else "",
        "example": "", "hint": "",
        "last": asked["last"], "now": asked["now"], "echo": asked["echo"] if probe else "", "probe": probe,
    }  # fmt: skip


def _took(words: Words, language: str, asked: Mapping[str, Any]) -> str:
    """A word on how the last answer was taken; the wordings take turns."""
    if not asked["took"]:
        return ""
    key = f"took.{asked['took']}_{asked['prompt'] % WORDINGS}"
    return words.catalog.label(language, key, advisor=asked["advisor"])


def _probe(words: Words, language: str, asked: Mapping[str, Any]) -> str:
    rule, band = asked["rule"], Band(asked["band"])
    if rule == CHOOSE:
        return words.catalog.label(language, "probe.choose")
    if rule == STARTER:
        starters = words.probe(language, "empty").starters
        return words.catalog.label(language, "probe.starter", starter=starters[asked["starter"]])
    probe = words.probe(language, rule)
    return (probe.again if asked["again"] else probe.ask)[band]


def _rows(words: Words, language: str, flow: Flow, question: Question, asked: Mapping[str, Any]) -> Sequence[Row]:
    ref = Ref(asked["conversation"], asked["flow"], asked["prompt"], "")

    def button(label: str, choice: str, style: str = "", tap: Tap = Tap.ANSWER) -> Button:
        return Button(tap, ref._replace(choice=choice).text(), label, style)  # type: ignore[arg-type]

    def named(key: str, choice: str, style: str = "") -> Button:
        return button(words.catalog.label(language, f"button.{key}"), choice, style)

    rows: list[Row] = []
    if asked["rule"] == "empty":
        starters = words.probe(language, "empty").starters
        rows.append(tuple(button(text, f"starter:{n}") for n, text in enumerate(starters)))
    for number, title, day in asked.get("pieces", ()):
        rows.append((button(_piece(words, language, title, day), f"{PIECE}:{number}"),))
    if asked["rule"] in ("", CHOOSE):
        rows += _options(flow, question, ref, button, named)
    if asked["rule"] in ("", "empty") or asked["again"]:
        leave = "keep" if asked["now"] else "leave" if question.once else "skip"
        skip = named(leave, f"cmd:{Command.SKIP}")
        back = [named("back", f"cmd:{Command.BACK}")] if asked["step"] > 1 or asked["round"] > 1 else []
        later = [named("pause", f"cmd:{Command.PAUSE}")] if asked["opening"] else []
        if question.id != ANOTHER and (flow.name != APPROVE or (asked["now"] and question.kind is Kind.CHOICE)):
            rows.append((skip, *back, *later))
    return rows


def _piece(words: Words, language: str, title: str, day: str) -> str:
    """A piece of work on its button, by its name and day, cut to what Slack shows."""
    untitled = words.catalog.label(language, "fallback.untitled_work")
    room = BUTTON_TEXT - len(words.catalog.label(language, "work.gathered", title="", date=day))
    named = shorten(" ".join(title.split()) or untitled, room)
    return words.catalog.label(language, "work.gathered", title=named, date=day)


def _options(flow: Flow, question: Question, ref: Ref, button: Any, named: Any) -> list[Row]:
    """What can be tapped to answer."""
    match question.kind:
        case Kind.CHOICE:
            choices = [button(option.label, option.id) for option in question.options]
            return [tuple(row) for row in _rows_of(choices)]
        case Kind.CHOICES:
            boxes = Checkboxes(
                Tap.CHOICES,
                ref._replace(choice="boxes").text(),
                tuple((option.id, option.label) for option in question.options),
            )
            return [(boxes,), (named("done", "boxes", "primary"),)]
        case Kind.SCALE:
            return [tuple(button(str(number), str(number)) for number in range(1, 6))]
        case Kind.CONFIRM if question.id == ANOTHER and flow.another is not None:
            return [(button(flow.another.yes, "yes"), button(flow.another.no, "no"))]
        case Kind.CONFIRM if question.options:
            style = {"yes": "primary"} if flow.name == APPROVE else {}
            return [tuple(button(one.label, one.id, style.get(one.id, "")) for one in question.options)]
        case Kind.CONFIRM:
            return [(named("yes", "yes"), named("no", "no"))]
        case _:
            return []


def _rows_of(buttons: Sequence[Button]) -> Sequence[Sequence[Button]]:
    return [buttons[start : start + BUTTONS_PER_ROW] for start in range(0, len(buttons), BUTTONS_PER_ROW)]


def _question(flow: Flow, question: str) -> Question:
    if question == ANOTHER and flow.another is not None:
        return Question(id=ANOTHER, kind=Kind.CONFIRM, ask=flow.another.ask)
    return flow.question(question)


def _control(words: Words, language: str, one: Mapping[str, Any]) -> Control:
    def label(key: str) -> str:
        return key[1:] if key.startswith("=") else words.catalog.label(language, key)

    if "select" in one:
        options = tuple((id_, label(key)) for id_, key in one["options"])
        hint = label(f"button.{one['hint']}") if "hint" in one else ""
        return Select(one["select"], one["value"], options, one["chosen"], hint)
    text = label(one["label"] if one["label"].startswith("=") else f"button.{one['label']}")
    return Button(one["tap"], one["value"], text, one["style"])
