"""What is kept about somebody: all of it, nobody else's, and not what is the counselors'."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from sqlalchemy import update

from bot.services.audit import trail
from bot.services.leaving.page import page
from bot.services.leaving.record import Record, record
from bot.services.nudges.refusal import AWAITED
from bot.store.models import Answer, Note, Person
from bot.store.session import Store
from bot.store.whose import TABLES, in_order
from bot.words import Words
from scheduler import sealed
from scheduler.outbox import Draft, Outbox, deliveries
from tests.filled import NOW, Filled, fill

HERE = "T0HERE"
CALM = {"alarm": ""}


@pytest.fixture
def noor(store: Store) -> Filled:
    """A student with a row in every table, beside another."""
    with store.write() as connection:
        fill(connection, HERE, "theo")
        filled = fill(connection, HERE, "noor")
        connection.execute(update(Person).where(Person.id.in_([filled.person])).values(role="student"))
    return filled


def of(store: Store, person: int, *, alerts: bool = False) -> Record:
    with store.read() as connection:
        return record(connection, HERE, person, NOW, alerts=alerts)


def as_json(found: Record) -> str:
    return json.dumps(found.plain(), ensure_ascii=False)


def calm(store: Store, filled: Filled, *tables: str) -> None:
    """Nothing in these tables is flagged any more."""
    with store.write() as connection:
        for name in tables:
            table = TABLES[name]
            connection.execute(update(table).where(table.c.id == filled.rows[name]).values(alarm=""))


def test_every_text_of_every_row_of_the_students_is_in_it_and_none_of_anybody_elses(store: Store, noor: Filled) -> None:
    text = as_json(of(store, noor.person, alerts=True))
    assert {table for table, _ in noor.canaries} == {table.name for table in in_order()}
    missing = [
        spot
        for spot, word in noor.canaries.items()
        if word not in text and spot[1] != "workspace" and spot != ("person", "role")
    ]
    assert missing == []
    assert not [word for word in text.split('"') if word.startswith("t0")]


def test_a_table_that_is_new_is_in_it_without_a_word_about_it_here(store: Store, noor: Filled) -> None:
    found = of(store, noor.person, alerts=True).plain()["tables"]
    assert list(found) == [table.name for table in in_order()]
    assert all(len(rows) == 1 for rows in found.values())


def test_an_adult_gets_what_they_wrote_and_no_conversation_of_a_students(store: Store, noor: Filled) -> None:
    calm(store, noor, "note")
    found = of(store, noor.adult)
    assert [row["text"] for row in found.tables["note"]] == [noor.canaries["note", "text"]]
    assert [row["what"] for row in found.tables["commitment"]] == [noor.canaries["commitment", "what"]]
    assert all(not found.tables[name] for name in ("answer", "conversation", "conference", "cue", "run"))


def test_what_was_flagged_and_the_alerts_are_left_out_and_nothing_tells_that_there_was_any(
    store: Store, noor: Filled
) -> None:
    text = as_json(of(store, noor.person))
    left = [noor.canaries[table, "text"] for table in ("answer", "note")]
    assert not [word for word in left if word in text]
    assert not [word for (table, _), word in noor.canaries.items() if table.startswith("alert") and word in text]
    assert of(store, noor.person).left_out == 3  # an answer, a note, an alert
    assert [of(store, noor.person).tables[name] for name in ("answer", "note", "alert", "alert_event")] == [()] * 4
    assert of(store, noor.person, alerts=True).left_out == 0
    assert of(store, noor.person).tables["conversation"][0]["state"] == ""
    calm(store, noor, "answer", "note")
    assert left[0] in as_json(of(store, noor.person))


def test_words_that_were_flagged_are_not_in_it_where_they_were_repeated_or_worded_before(
    store: Store, noor: Filled
) -> None:
    flagged = noor.canaries["answer", "text"]
    with store.write() as connection:
        key = {"workspace": HERE, "key": noor.canaries["note", "key"]}
        quoted = sealed.cell(Note.text, f"She wrote:  {flagged}", **key)
        connection.execute(update(Note).where(Note.id == noor.rows["note"]).values(alarm="", text=quoted))
        first = {"ts": noor.canaries["answer", "ts"], "revised": "1.0", "act": "said", "text": "harmless at first"}
        about = {"conversation_id": noor.rows["conversation"], "flow": "letter", "question": "learner", "round": 1}
        row = {"workspace": HERE, **about, **first, "at": NOW, "alarm": "", "choices": "", "evidence": []}
        connection.execute(Answer.__table__.insert().values(sealed.row(Answer, row)))
    found = of(store, noor.person)
    assert flagged not in as_json(found)
    assert found.tables["answer"] == ()


def test_neither_the_audit_trail_nor_a_reminder_that_waited_tells_that_something_was_flagged(
    store: Store, noor: Filled
) -> None:
    with store.write() as connection:
        for kind, thing in (("alert", "alert:1"), ("pride", f"note:{noor.rows['note']}")):
            trail.note(connection, HERE, NOW, trail.BOT, trail.Act.SAW, kind, thing, noor.person)
        connection.execute(update(deliveries).where(deliveries.c.seq == noor.rows["deliveries"]).values(reason=AWAITED))
    found = of(store, noor.person)
    assert [row["thing"] for row in found.tables["audit"]] == [noor.canaries["audit", "thing"]]
    assert AWAITED not in as_json(found)
    assert AWAITED in as_json(of(store, noor.person, alerts=True))


@pytest.mark.parametrize("template", ["safety_reply", "safety_held"])
def test_the_fixed_words_after_an_alarm_are_left_out_with_it(store: Store, noor: Filled, template: str) -> None:
    said = {"template": template, "context": {"level": "look"}, "language": "en", "buttons": {}}
    put(store, f"mail:{noor.person}", f"person:{noor.person}", said)
    assert template not in as_json(of(store, noor.person))
    assert template in as_json(of(store, noor.person, alerts=True))


def put(store: Store, recipient: str, subject: str, payload: dict[str, Any]) -> None:
    with store.write() as connection:
        draft = Draft(HERE, "say", recipient, subject, payload, f"{recipient}/{subject}", NOW)
        Outbox("test").put(connection, [draft], NOW)


def test_what_others_were_told_is_told_without_its_words_for_it_may_speak_of_others(store: Store, noor: Filled) -> None:
    calm(store, noor, "answer", "note")
    with store.write() as connection:
        connection.execute(update(Person).where(Person.id == noor.person).values(name="Noor Haddad"))
    both = {"template": "digest_advisor", "context": {"thin": [{"name": "Noor"}, {"name": "Theo", "words": "Theo's"}]}}
    put(store, "UOKAFOR", "person:999", both)
    put(store, "UAMAL", f"person:{noor.person}", {"template": "prep", "context": {"words": "Theo's"}})
    found = of(store, noor.person)
    assert "Theo's" not in as_json(found)
    assert [row["recipient"] for row in found.told_others] == ["somebody else"]
    assert not {"UOKAFOR", "UAMAL"} & {text for text in ("UOKAFOR", "UAMAL") if text in as_json(found)}
    assert [row["payload"] for row in found.tables["deliveries"] if row["recipient"] == "somebody else"] == [
        {"template": "prep", "withheld": "told to others"}
    ]


def test_nobody_can_tell_from_a_counselors_export_when_an_alert_was_raised(store: Store, noor: Filled) -> None:
    with store.write() as connection:
        connection.execute(update(Person).where(Person.id == noor.adult).values(name="Ms. Bell", role="counselor"))
    reply = {"template": "safety_reply", "context": {"counselor": "Ms. Bell"}}
    put(store, "UNOBODY", "person:999", reply)
    put(store, "UCOORDINATOR", "alert:999", {"template": "unreached", "context": {"counselor": "Ms. Bell"}})
    assert of(store, noor.adult).told_others == ()
    put(store, "UNOBODY", "person:998", {"template": "hello", "context": {"counselor": "Ms. Bell"}})
    assert len(of(store, noor.adult).told_others) == 1


# --- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load(hears=False)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_shows_what_people_wrote_with_dates_and_names(
    store: Store, noor: Filled, words: Words, language: str
) -> None:
    calm(store, noor, "answer", "note")
    shown = page(of(store, noor.person), words, language, {noor.rows["deliveries"]: "Hi Noor"})
    told = [("answer", "text"), ("note", "text"), ("commitment", "what"), ("cue", "text"), ("run", "note")]
    assert not [spot for spot in told if noor.canaries[spot] not in shown]
    assert "Adult of noor" in shown
    assert noor.canaries["guardian", "household"] not in shown  # one home is not told of another
    assert "Hi Noor" in shown
    assert "2026" in shown


def test_the_page_runs_nothing_and_loads_nothing_whatever_somebody_wrote(
    store: Store, noor: Filled, words: Words
) -> None:
    calm(store, noor, "answer", "note")
    naughty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    with store.write() as connection:
        by = {name: noor.canaries.get(("answer", name), noor.rows.get(name[:-3])) for name in ("ts", "revised", "act")}
        cell = sealed.cell(Answer.text, naughty, conversation_id=noor.rows["conversation"], **by)
        mine = Answer.id == noor.rows["answer"]
        works = [{"title": "x", "link": "javascript:alert(1)", "ref": "", "kind": "link"}]
        evidence = sealed.cell(Answer.evidence, works, conversation_id=noor.rows["conversation"], **by)
        connection.execute(update(Answer).where(mine).values(text=cell, evidence=evidence))
        connection.execute(update(Person).where(Person.id == noor.person).values(name=naughty))
    shown = page(of(store, noor.person), words, "en", {})
    assert html.escape(naughty) in shown
    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:" not in shown.replace(html.escape("javascript:alert(1)"), "") or 'href="javascript' not in shown
    assert "default-src 'none'" in shown


def test_the_page_of_an_adult_says_to_which_conference_they_come_and_lists_nothing_of_others(
    store: Store, noor: Filled, words: Words
) -> None:
    with store.write() as connection:
        about = {"name": "Ms. Okafor", "language": "en"}
        connection.execute(update(Person).where(Person.id == noor.adult).values(**about))
        connection.execute(update(TABLES["participant"]).values(person_id=noor.adult))
    put(store, "UNOBODY", "person:999", {"template": "hello", "context": {"advisor": "Ms. Okafor"}})
    found = of(store, noor.adult)
    shown = page(found, words, "en", {})
    assert len(found.told_others) == 1
    assert "<dt>Conference</dt><dd>Tuesday 8 September 2026</dd>" in shown
    assert "<dt>Person</dt>" not in shown
    assert '<dt>Language</dt><dd><span dir="auto">English</span>' in shown
    assert "somebody else" not in shown


def test_a_flagged_entry_is_no_more_on_the_page_than_in_the_data(store: Store, noor: Filled, words: Words) -> None:
    shown = page(of(store, noor.person), words, "en", {})
    assert noor.canaries["answer", "text"] not in shown
    assert "counselor keeps" in shown
    calm(store, noor, "answer", "note")
    assert "counselor keeps" in page(of(store, noor.person), words, "en", {})  # nobody can tell one from the other
