"""Questions that many are asked are composed once; each student's buttons are their own."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.dialogue.flow import Flow
from bot.services.speech import Kind
from bot.slack import compose
from bot.taps import Ref
from bot.words import Words

WORDS = Words.load(hears=False)


def asks(flow: Flow) -> Iterator[dict[str, Any]]:
    """Each question of a flow as it is put, and as its probes put it."""
    for step, question in enumerate(flow.questions, 1):
        for rule in ("", *question.probes):
            yield {
                "conversation": 12, "flow": flow.name, "question": question.id, "round": 1, "prompt": 7, "step": step,
                "total": len(flow.questions), "rule": rule, "again": False, "echo": "", "starter": None,
                "opening": step == 1, "now": "", "last": "", "label": "", "band": "middle", "student": "Noor",
                "advisor": "Ms. Okafor", "level": "full", "after": "", "took": "",
            }  # fmt: skip


EVERY = [(flow.name, asked) for (language, _), flow in WORDS.flows.items() if language == "en" for asked in asks(flow)]


def composed(asked: dict[str, Any]) -> list[dict[str, Any]]:
    messages = compose.compose(WORDS, Kind.ASK, {"language": "en", "ask": asked})
    return [{"text": one.text, "blocks": one.blocks} for one in messages]


def anew(asked: dict[str, Any]) -> list[dict[str, Any]]:
    compose._common.cache_clear()
    return composed(asked)


@pytest.mark.parametrize(("name", "asked"), EVERY)
def test_asked_again_of_another_a_question_differs_in_its_buttons_only(name: str, asked: dict[str, Any]) -> None:
    theirs = asked | {"conversation": 3456, "prompt": 21}
    first = copy.deepcopy(anew(asked))
    again = composed(theirs)
    assert again == anew(theirs)
    here, there = (Ref(one["conversation"], name, one["prompt"], "").text() for one in (asked, theirs))
    assert json.dumps(again).replace(there, here) == json.dumps(first)
    assert there in json.dumps(again) or not any("elements" in block for one in again for block in one["blocks"])


def test_the_words_of_one_student_are_never_shown_to_another() -> None:
    _, asked = EVERY[0]
    composed(asked | {"now": "what Theo wrote", "student": "Theo", "conversation": 3})
    assert "Theo" not in json.dumps(composed(asked))
    assert compose._common.cache_info().maxsize is not None
