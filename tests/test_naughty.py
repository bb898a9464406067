"""Strings that break things, as answers to every question: stored as they were typed, shown as nothing but words.

One student goes through all flows answering with them, looks at the answers again, previews, approves. On the way
nothing the bot says may ping, link or format because of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from bot.dialogue.flow import Kind, Question, Visibility
from bot.dialogue.state import Spot, State
from bot.practice.message import Message
from bot.practice.stage import Stage, stage
from bot.practice.terminal import mrkdwn
from bot.store.models import Answer, Conversation
from bot.store.session import Store
from bot.words import Words
from scheduler.sealed import MARK
from tests.naughty import NAUGHTY

MOST = 80  # there are some forty questions
ECHOED = "_*math*_"  # a label: the coach says it back
_ADDRESS = re.compile(r"https?://[^\s<>|]+")
_MARKED = ("bold", "italic", "struck", "code", "block", "link", "image", "click", "math", "heading", "quote", "item")


@dataclass
class Said:
    """What was typed to each question, in order, and what stands there alone as the answer."""

    everything: list[str] = field(default_factory=list)
    alone: dict[tuple[str, Spot], str] = field(default_factory=dict)


@pytest.fixture
def went(store: Store, words: Words) -> Iterator[tuple[Stage, Said]]:
    """The whole way gone once; the stage is left up to be looked at."""
    with stage(store.engine.url.render_as_string(hide_password=False), words) as it:
        yield it, _go(it, store, words)


def test_naughty_answers_are_kept_as_typed_and_shown_as_words(
    went: tuple[Stage, Said], store: Store, words: Words
) -> None:
    it, said = went
    assert set(said.everything) >= set(NAUGHTY)
    with store.read() as connection:
        kept = set(connection.scalars(select(Answer.text)))
    assert [text for text in said.everything if _storable(text) not in kept] == []

    noor, channel = it.people["noor"], next(one for one in it.workspace.channels.values() if one.name)
    posted = [message for message in channel.messages.values() if message.app and not message.subtype]
    shown = [message for message in noor.sees() if message.app] + posted
    assert [ping for message in shown for ping in message.pings] == []
    typed = set(_ADDRESS.findall(" ".join(said.everything)))  # a link to the student's own work is ours to make
    assert {unquote(link) for message in shown for link in message.links} <= typed
    assert list(_formatted(shown)) == []

    agenda = _plain(posted)
    assert [place for place, text in _public(said, words) if _storable(text) not in agenda] == []
    assert noor.trouble == []


def _go(it: Stage, store: Store, words: Words) -> Said:
    """Answer every question; look back at each; approve."""
    noor, said, supply = it.people["noor"], Said(), cycle(NAUGHTY)
    noor.open_home("messages")
    it.run()
    noor.tap("Start")
    it.run()
    while (here := _open(store)) and here[0] != "approve":
        assert len(said.everything) < MOST, f"stuck at {here}"
        flow, spot = here
        question = _question(words, flow, spot)
        if question is None or question.kind not in (Kind.TEXT, Kind.EVIDENCE):
            _say(it, "1" if question is not None and question.kind is Kind.CHOICE else "yes")
            assert _open(store) != here, f"stuck at {here}"
            continue
        text = ECHOED if (flow, spot.question) == ("strengths", "best_at") else next(supply)
        said.everything.append(text)
        _say(it, text)
        if _open(store) != here:
            said.alone[here] = text
            _say(it, "back")
            noor.tap("Keep it as it is")
            it.run()
        else:
            _say(it, "skip")
    _say(it, "preview")
    _say(it, "1")
    _say(it, "yes")
    return said


def _say(it: Stage, text: str) -> None:
    it.people["noor"].dm(text)
    it.clock.advance(seconds=20)
    it.run()


def _open(store: Store) -> tuple[str, Spot] | None:
    """The flow and the question that are open."""
    with store.read() as connection:
        row = connection.execute(select(Conversation.flow, Conversation.state)).one()
    state = State.from_json(row.state)
    return (row.flow, state.spot) if state.spot else None


def _question(words: Words, flow: str, spot: Spot) -> Question | None:
    return next((one for one in words.flow("en", flow).questions if one.id == spot.question), None)


def _public(said: Said, words: Words) -> Iterable[tuple[tuple[str, Spot], str]]:
    """The answers that belong on the agenda as they are."""
    for place, text in said.alone.items():
        question = _question(words, *place)
        if question is not None and question.section and question.visible is Visibility.CONFERENCE:
            yield place, text


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and no text begins like a sealed one: both are left out, wherever the words go."""
    return text.replace("\x00", "").replace(MARK, "")


def _plain(messages: Iterable[Message]) -> str:
    """All that is shown as it is, end to end: long words run over several blocks."""
    return "".join(text for message in messages for text in message.plain_texts)


def _formatted(messages: Iterable[Message]) -> Iterator[str]:
    """Naughty words that came out bold, struck, linked or otherwise marked."""
    for text in (text for message in messages for text in message.mrkdwn_texts):
        drawn = mrkdwn(text)
        for span in drawn.spans:
            inner = drawn.plain[span.start : span.end].strip()
            if inner.strip("*_~`") in _MARKED:
                yield inner
