"""Everybody at every door with everything they could send: who is not let in changes nothing and learns nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from slack_bolt import BoltResponse
from sqlalchemy import create_engine, select

from bot.conference.access import Role
from bot.conference.doors import DOORS, Door, Way, admits
from bot.store.models import Answer, Conversation
from bot.store.session import Store
from bot.taps import Form, Tap
from bot.words import Words
from tests.databases import empty, sqlite_store
from tests.slack.visitors import (
    ABOUT,
    CARRIES,
    HERS,
    HOSTILE,
    MORE,
    VISITORS,
    Reference,
    Snapshot,
    Visitor,
    World,
    references,
    shown,
    world,
)
from tests.stages import school, staged, url_of

NOTHING = json.dumps([200, "", [["content-type", "['text/plain;charset=utf-8']"]]])
"""What is answered to what leads nowhere."""


class Arena(NamedTuple):
    """The schools on one database; `hostile`: what nobody ever made, tried with every door of the first one."""

    made: World
    kept: Snapshot
    hostile: tuple[str, ...]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def arena(request: pytest.FixtureRequest, words: Words, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("doors")
    store = _store(request, folder)
    engine = create_engine(url_of(store), isolation_level="AUTOCOMMIT")
    with staged(store, words, folder / "school", MORE) as stage, engine.connect() as connection:
        made = world(stage, school(folder / "double", MORE))
        yield Arena(made, Snapshot(connection), HOSTILE if store.sqlite else ())
    engine.dispose()
    if store.sqlite:
        store.close()


def _store(request: pytest.FixtureRequest, folder: Path) -> Store:
    if request.param == "sqlite":
        return sqlite_store(request.getfixturevalue("sqlite_template"), folder / "coach.db")
    store: Store = request.getfixturevalue("postgresql_store")
    empty(store)
    return store


class Cell(NamedTuple):
    """One visitor at one door with one reference that opens nothing to them; and what came of it."""

    who: str
    door: Door
    by: str
    reference: Reference
    status: int
    said: str
    changed: bool

    @property
    def case(self) -> str:
        return f"{self.who} at {self.door.way} {self.door.name} ({self.by}) with {self.reference.value[:40]!r}"


Try = Callable[[World, Visitor, str], BoltResponse]


def ways(made: World) -> Iterator[tuple[Door, str, Try, str]]:
    """Every door in Slack by which something is meant: how it is tried, and what is sent through it of a student."""
    for tap, template in CARRIES.items():
        attempt = _handed if tap == Tap.ALERT_HAND else _tapped(tap)
        yield Door(Way.TAP, tap), "button", attempt, template
    for tap in (Tap.BESIDE, Tap.LOOK, Tap.ANSWER, Tap.REMIND, Tap.ALERT_OPEN):
        yield Door(Way.TAP, tap), "menu", _tapped(tap, menu=True), CARRIES[tap]
    yield Door(Way.TAP, Tap.VISIBLE), "menu", _line_shown, "{conversation}:letter:0:learner"
    for what in (door.name for door in DOORS if door.way is Way.SHOW):
        yield Door(Way.SHOW, what), "button", _tapped(Tap.SHOW, f"{what}:"), "{conference}"
    for form, template in ABOUT.items():
        yield Door(Way.FORM, form), "button", _tapped(Tap.FORM, f"{form}:"), template
        yield Door(Way.FORM, form), "window", _submitted(form), template


def _tapped(tap: str, before: str = "", *, menu: bool = False) -> Try:
    return lambda made, who, value: made.tap(who, f"{tap}.1", before + value, menu=menu)


def _handed(made: World, who: Visitor, value: str) -> BoltResponse:
    return made.tap(who, f"{Tap.ALERT_HAND}.1", str(made.counselor), value, menu=True)


def _line_shown(made: World, who: Visitor, value: str) -> BoltResponse:
    return made.tap(who, f"{Tap.VISIBLE}.1", "conference", value, menu=True)


def _submitted(form: str) -> Try:
    return lambda made, who, value: made.submit(who, f"form:{form}", value)


def may(door: Door, who: Visitor, reference: Reference) -> bool:
    """Whether it may do something: the door is for them, and what they sent is about one of theirs."""
    if who.role is None or not admits(door, who.role):
        return False
    return reference.whose in who.students or (not who.students and bool(reference.whose))


@pytest.fixture(scope="module")
def cells(arena: Arena) -> list[Cell]:
    """All that opens nothing, tried. Where the door is for them, with a third of what is hostile, another each; where
    it is not, with one of them. On the second database only what it is asked itself: by those inside, what has the
    right form."""
    made, kept, hostile = arena
    found = []
    for door, by, attempt, template in ways(made):
        for number, (name, who) in enumerate(VISITORS.items()):
            inside = who.role is not None and admits(door, who.role)
            if not inside and not hostile:
                continue
            tried = references(made, template, hostile[number % 3 :: 3] if inside else hostile[number : number + 1])
            found += [_tried(made, kept, name, door, by, attempt, one) for one in tried if not may(door, who, one)]
    return found


def _tried(made: World, kept: Snapshot, name: str, door: Door, by: str, attempt: Try, one: Reference) -> Cell:
    answer = attempt(made, VISITORS[name], one.value)
    windows = [{**view, "private_metadata": ""} for view in made.opened()]
    return Cell(name, door, by, one, answer.status, shown(answer) + json.dumps(windows), kept.changed())


def test_there_are_more_than_a_thousand_cells_and_every_door_that_leads_to_something_is_among_them(
    arena: Arena, cells: list[Cell]
) -> None:
    assert len(cells) > (5_000 if arena.hostile else 600)
    apart = {Tap.FORM, Tap.SHOW, Tap.CHOICES, Tap.LANGUAGE}  # whose value is another door, or about nobody
    asked = {door for door in DOORS if door.way in (Way.TAP, Way.SHOW, Way.FORM)}
    assert {one.door for one in cells} == asked - {Door(Way.TAP, tap) for tap in apart}


def test_whoever_is_not_let_in_is_answered_and_nothing_breaks(cells: list[Cell]) -> None:
    assert [one.case for one in cells if one.status != 200] == []


def test_whoever_is_not_let_in_changes_nothing(cells: list[Cell]) -> None:
    assert [one.case for one in cells if one.changed] == []


def test_whoever_is_not_let_in_reads_no_word_of_hers(cells: list[Cell]) -> None:
    assert [one.case for one in cells if any(words in one.said for words in HERS)] == []


def test_whom_a_door_is_not_for_at_all_is_answered_with_nothing(cells: list[Cell]) -> None:
    outside = [one for one in cells if not _inside(one)]
    assert [one.case for one in outside if one.said != f"{NOTHING}[]"] == []


def _inside(one: Cell) -> bool:
    role = VISITORS[one.who].role
    return role is not None and admits(one.door, role)


def test_a_refusal_is_the_same_whether_there_is_anything_or_not(cells: list[Cell]) -> None:
    answers: defaultdict[tuple[str, Door, str], set[str]] = defaultdict(set)
    for one in cells:
        if one.reference.formed:
            answers[one.who, one.door, one.by].add(one.said)
    assert {key: said for key, said in answers.items() if len(said) > 1} == {}


def test_whether_somebody_is_invited_is_told_to_nobody_else(arena: Arena) -> None:
    made, kept, _ = arena

    def said(name: str, value: str) -> str:
        one = Reference(value, formed=True)
        return _tried(made, kept, name, Door(Way.TAP, Tap.ATTEND), "button", _tapped(Tap.ATTEND), one).said

    hers, nobodys = f"{made.things['noor'].conference}:yes", "987654321:yes"
    for name in ("coordinator", "counselor", "stranger"):
        assert said(name, hers) == said(name, nobodys) == f"{NOTHING}[]", name
    for name in ("other student", "other advisor", "other family"):
        assert said(name, hers) == said(name, nobodys), name


NO_DOORS = (
    "", "nope.1", "answer", "answer.", "answer.x", "ANSWER.1", "answer.1 ", "answer.1\n", "answer.1; DROP TABLE person",
    "alert_open", "alert_open.-1", "form.1.2", "../answer.1", "x" * 255,
)  # fmt: skip


@pytest.mark.parametrize("name", VISITORS)
def test_an_action_or_a_window_that_nobody_made_leads_nowhere(arena: Arena, name: str) -> None:
    made, kept, _ = arena
    who, hers = VISITORS[name], made.things["noor"]
    made.opened()
    for forged in NO_DOORS:
        said = {
            shown(made.tap(who, forged, str(hers.conference))),
            shown(made.tap(who, f"{Tap.FORM}.1", f"{forged}:{hers.conference}")),
            shown(made.tap(who, f"{Tap.SHOW}.1", f"{forged}:{hers.conference}")),
            shown(made.tap(who, f"{Tap.VISIBLE}.1", forged, f"{hers.conversation}:letter:0:learner", menu=True)),
            shown(made.submit(who, forged, str(hers.conference))),
            shown(made.submit(who, f"form:{forged}", str(hers.conference))),
        }
        assert said == {NOTHING}, forged
    for ours in ("alert", "look", "show", "form:show", "form:alert", f"form:{Form.PRIDE}:1"):
        assert shown(made.submit(who, ours, str(hers.alert or hers.conference))) == NOTHING, ours
    assert not kept.changed()
    assert made.opened() == []


# --- words: the command, and messages ------------------------------------------------------------------------

ASKED = ("status", "agenda", "commit", "commitments", "beside", "")
"""The words after which a name may stand; a name alone asks too."""

NOT_THEIRS = [name for name, who in VISITORS.items() if "noor" not in who.students and who.role is not Role.COORDINATOR]


@pytest.mark.parametrize("name", NOT_THEIRS)
def test_a_command_with_her_name_says_what_it_says_with_a_name_nobody_has(arena: Arena, name: str) -> None:
    made, kept, _ = arena
    who = VISITORS[name]
    for word in ASKED:
        for hers, nobodys in (("Noor Haddad", "Nobody Atall"), ("<@UNOOR>", "<@UNOBODY>")):
            said = []
            for typed in (hers, nobodys):
                answer = made.command(who, f"{word} {typed}")
                said.append(f"{shown(answer)}{made.opened()}".replace(typed, "…"))
            assert said[0] == said[1], word
            assert not any(words in said[0] for words in HERS), word
    assert not kept.changed()


@pytest.mark.parametrize("name", NOT_THEIRS)
def test_a_message_is_never_taken_into_somebody_elses_conversation(arena: Arena, name: str) -> None:
    made, _, _ = arena
    who, chat, before = VISITORS[name], made.stage.workspace.im("UNOOR").id, _written(made)
    root = next(iter(made.stage.workspace.channels[chat].messages))
    for forged in ({"channel": chat}, {"channel": chat, "thread_ts": root}, {"thread_ts": root}):
        assert made.message(who, "Those are my words now", **forged).status == 200
    edit = {"ts": root, "user": who.slack_id, "text": "Those are my words now", "edited": {"ts": "1700000002.000100"}}
    changed = {"subtype": "message_changed", "channel": chat, "message": edit, "previous_message": {"text": ""}}
    assert made.message(who, "", **changed).status == 200
    gone = {"subtype": "message_deleted", "channel": chat, "deleted_ts": root, "previous_message": edit}
    assert made.message(who, "", **gone).status == 200
    assert _written(made) == before


def _written(made: World) -> list[str]:
    """Her conversation and all that was ever said in it."""
    conversation = made.things["noor"].conversation
    answers, talks = select(Answer.ts, Answer.act).where(Answer.conversation_id == conversation), select(Conversation)
    with made.stage.bot.house.store.read() as connection:
        rows = [*connection.execute(answers), *connection.execute(talks.where(Conversation.id == conversation))]
        return sorted(map(repr, rows))


# --- and those who are let in ---------------------------------------------------------------------------------

NOT_YET = {Door(Way.FORM, Form.SAW), Door(Way.FORM, Form.THANKS)}
"""Nobody saw anything yet, and she has thanked nobody."""


def test_whoever_is_let_in_finds_something_behind_every_door(arena: Arena) -> None:
    made, kept, _ = arena
    for door, by, attempt, template in ways(made):
        let_in = [
            (name, one)
            for name, who in VISITORS.items()
            for one in references(made, template, ())
            if may(door, who, one)
        ]
        tried = (_tried(made, kept, name, door, by, attempt, one) for name, one in let_in)
        found = any(cell.status == 200 and (cell.changed or cell.said != f"{NOTHING}[]") for cell in tried)
        assert found or door in NOT_YET, (door, by)
