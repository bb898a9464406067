"""What an invented student said, and small flows to say it in."""

from __future__ import annotations

from typing import Any

from bot.conference.answers import Revision, Spot
from bot.dialogue.flow import Flow, parse_flow

Question = dict[str, Any]


def question(name: str, section: str | None = "strengths", visible: str = "conference", **more: Any) -> Question:
    given = {"id": name, "ask": "What?", "visible": visible, **more}
    return {**given, "section": section} if section else given


def flow(name: str, *questions: Question, **more: Any) -> Flow:
    return parse_flow(name, {"title": name, "about": name, "question": list(questions), **more})


CONFIRM = {"ask": "Another?", "yes": "Yes", "no": "No"}

FLOWS = {
    one.name: one
    for one in (
        flow("letter", question("learner", "letter")),
        flow(
            "strengths",
            question("best_at"),
            question("evidence", kind="evidence"),
            question("private", visible="advisor"),
        ),
        flow(
            "struggles",
            question("stuck", "struggles"),
            question("tried", "struggles"),
            question(
                "want_ideas",
                None,
                kind="choice",
                options=[{"id": "yes", "label": "Yes"}, {"id": "off", "label": "Keep it off"}],
            ),
            question("ideas_on", "asks", when={"question": "want_ideas", "answered": ["yes"]}),
        ),
        flow(
            "goals",
            question("wish", "goals", label=True),
            question("was", "goals"),
            question("am", "goals"),
            rounds="ask",
            another=CONFIRM,
        ),
        flow("supports", question("who", "asks"), question("how", "asks"), rounds="goals"),
        flow("gratitude", question("thanks", "thanks")),
    )
}


def stamp(second: int) -> str:
    return f"17964{second:05}.000100"


def spot(place: str) -> Spot:
    """The spot of "flow.question" or "flow.question.round"."""
    name, asked, *rounds = place.split(".")
    return Spot(name, asked, int(rounds[0]) if rounds else 1)


def said(number: int, place: str, text: str = "", **more: Any) -> Revision:
    """Revision `number`, said at second `number`; `place` is "flow.question" or "flow.question.round"."""
    ts = stamp(more.pop("at", number))
    revised = stamp(more.pop("edited_at")) if "edited_at" in more else ts
    return Revision(number, *spot(place), ts, revised, more.pop("act", "said"), text, **more)
