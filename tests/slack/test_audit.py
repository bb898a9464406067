"""Who saw, exported, posted or changed what: each has its entry, and no word of it is in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.practice.stage import Stage
from bot.services.audit import chain
from bot.services.channels import packets
from bot.store.models import Audit, Person
from bot.store.session import Store
from bot.words import Words
from tests.slack.afterwards import add, around, at
from tests.slack.groups import FULL, ask_for_ideas, person
from tests.slack.test_contributing import ASK, IDEA, PRIDE, approve, ask_adults, conference, give, given_to
from tests.stages import Student, load, staged

Entry = tuple[str, str, str, str, str]
"""Who (by their id in the roster), what they did, to what, which, and about which student."""


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with staged(store, words, tmp_path / "school", FULL) as stage:
        yield stage


class Trail:
    """What came into the trail since it was read last."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._last = 0
        self.new()

    def new(self) -> list[Entry]:
        with self._stage.bot.house.store.read() as connection:
            keys = {row.id: row.key for row in connection.execute(select(Person.id, Person.key))}
            found = connection.execute(select(*Audit.__table__.c).where(Audit.id > self._last).order_by(Audit.id)).all()
        self._last = max([self._last, *(row.id for row in found)])
        who = {f"person:{number}": key for number, key in keys.items()}
        return [
            (who.get(row.actor, row.actor), row.act, row.kind, row.thing, keys.get(row.student_id or 0, ""))
            for row in found
        ]


def test_everybody_who_sees_or_changes_something_of_a_student_s_has_an_entry(stage: Stage) -> None:
    trail, noor, okafor, reyes = Trail(stage), Student(stage), stage.people["okafor"], stage.people["reyes"]
    held = f"conference:{conference(stage)}"
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    asked = [entry for entry in trail.new() if entry[2] == "ideas"]
    assert len(asked) == 5
    assert {(who, act, whose) for who, act, _, _, whose in asked} == {("bot", "posted", "noor")}

    approve(noor)
    found = trail.new()
    assert ("noor", "changed", "approval", f"{held}:1", "noor") in found
    assert ("bot", "posted", "agenda", f"{held}:page0", "noor") in found
    assert ("bot", "posted", "file", f"{held}:packet", "noor") in found

    give(stage, "reyes", "A note of pride", pride=PRIDE)
    (wrote,) = [entry for entry in trail.new() if entry[1] == "changed"]
    assert (wrote[0], wrote[2], wrote[4]) == ("reyes", "pride", "noor")
    give(stage, "reyes", "Give an idea", idea=IDEA)
    assert [entry[:3] for entry in trail.new() if entry[0] == "reyes"] == [
        ("reyes", "saw", "idea"), ("reyes", "changed", "idea"),
    ]  # fmt: skip

    stage.wait(minutes=2)
    noor.tap("Put it on the agenda", given_to(noor))
    found = trail.new()
    assert [entry[:3] for entry in found if entry[0] == "noor"] == [("noor", "changed", "choice")]
    assert ("bot", "changed", "agenda", f"{held}:page0", "noor") in found

    noor.say("menu")
    noor.tap("Your agenda")
    trail.new()  # with the pages of the agenda, which is posted anew
    noor.select("Everyone at my conference", noor.lines(ASK), index=-1)
    assert [entry[:3] for entry in trail.new() if entry[0] == "noor"] == [("noor", "changed", "visibility")]

    okafor.open_home()
    stage.run()
    assert okafor.select("look", str(person(stage, "noor").id), okafor.home).ok
    assert trail.new() == [("okafor", "saw", "student", "", "noor")]
    assert okafor.modal is not None
    buttons = [one for block in okafor.modal.blocks for one in block.get("elements", ()) if one["type"] == "button"]
    hold = next(one for one in buttons if one["text"]["text"] == "Hold back …" and "struggles" in one["value"])
    assert okafor.tap(hold["action_id"]).ok
    assert okafor.submit(
        values={"What should be held back?": [ASK], "Why? The student reads this.": "I'd like to hear it first."}
    ).ok
    stage.run()
    assert [entry for entry in trail.new() if entry[0] == "okafor"] == [
        ("okafor", "saw", "hold", held, "noor"), ("okafor", "changed", "held_back", f"{held}:struggles:1", "noor"),
    ]  # fmt: skip

    assert reyes.command("/conference", "agenda", "conf-noor-12-10").ok
    assert okafor.command("/conference", "status Noor").ok
    assert okafor.command("/conference", "beside Theo").ok
    assert stage.people["noor"].command("/conference", "agenda").ok
    assert stage.people["noor"].command("/conference", "language español").ok
    assert [entry[:3] + entry[4:] for entry in trail.new()] == [
        ("reyes", "saw", "agenda", "noor"),
        ("okafor", "saw", "progress", "noor"),
        ("okafor", "saw", "conversation", "theo"),
        ("noor", "changed", "language", ""),
    ]


def test_a_packet_that_somebody_asks_for_is_an_export(stage: Stage) -> None:
    trail, number = Trail(stage), conference(stage)
    house, workspace = stage.bot.house, stage.workspace.team_id
    assert packets.asked(house, workspace, stage.people["okafor"].id, f"{number}", "key")
    assert packets.asked(house, workspace, stage.people["varga"].id, f"{number}", "another") == []
    assert trail.new() == [("okafor", "exported", "packet", f"conference:{number}", "noor")]


def test_who_comes_what_is_agreed_and_how_far_it_is_have_an_entry(store: Store, words: Words, tmp_path: Path) -> None:
    with around(store, words, tmp_path / "school") as stage:
        Student(stage).arrive()
        at(stage, 9, "16:00")
        trail = Trail(stage)
        assert stage.people["amal"].tap("Sí, vamos").ok
        stage.run()
        amal = person(stage, "amal")
        assert [entry for entry in trail.new() if entry[0] == "amal"] == [
            ("amal", "changed", "rsvp", f"conference:{conference(stage)}:person:{amal.id}", "noor")
        ]
        at(stage, 10, "17:31")
        trail.new()
        add(stage, stage.people["okafor"], "Noor Haddad", "Start homework in room 12")
        assert ("okafor", "changed", "commitment", f"conference:{conference(stage)}", "noor") in trail.new()
        at(stage, 17, "16:00")
        trail.new()
        assert Student(stage).person.tap("Done").ok
        stage.run()
        assert ("noor", "changed", "commitment") in [entry[:3] for entry in trail.new()]


def test_a_school_that_is_loaded_has_an_entry_for_each_person_that_is_another_now(stage: Stage) -> None:
    trail, noor = Trail(stage), person(stage, "noor")
    load(stage, FULL)
    assert trail.new() == []
    load(stage, {**FULL, "Noor Haddad": "Noor Haddad Karim", "reyes,teacher,": "reyes,coordinator,"})
    reyes = person(stage, "reyes")
    found = trail.new()
    assert ("cli", "changed", "person_changed", f"person:{noor.id}:name", "noor") in found
    assert ("cli", "changed", "person_changed", f"person:{reyes.id}:role", "") in found
    assert len(found) == 2


def test_no_word_and_no_name_is_in_the_trail_and_it_holds(stage: Stage) -> None:
    noor = Student(stage)
    ask_for_ideas(stage, "noor", ASK)
    ask_adults(stage)
    approve(noor)
    give(stage, "reyes", "Give an idea", idea=IDEA)
    assert stage.people["okafor"].command("/conference", "beside Theo").ok
    stage.run()
    store, workspace = stage.bot.house.store, stage.workspace.team_id
    assert chain.tie(store, workspace) > 50
    with store.read() as connection:
        assert chain.verify(connection, workspace).fault is None
        columns = (Audit.actor, Audit.act, Audit.kind, Audit.thing)
        entries = {"\n".join(row) for row in connection.execute(select(*columns).where(Audit.workspace == workspace))}
        names = {part for name in connection.scalars(select(Person.name)) for part in name.split() if len(part) > 3}
    written = "\n".join(entries)
    said = [word for text in (ASK, IDEA, *names) for word in re.findall(r"\w{4,}", text)]
    assert [word for word in said if re.search(rf"\b{re.escape(word)}\b", written)] == []
