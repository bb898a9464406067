"""Strings that break things, in every window, after the command, as names of files, and in a school's own files.

All of it goes over one stage. What was typed is stored as it was typed; whatever the bot sends anywhere because of it
is looked at as it went out: it pings nobody, links nowhere, is not formatted, and Slack takes it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from bot.practice.controls import controls
from bot.practice.message import Message
from bot.practice.stage import Stage, set_up
from bot.school import read_school
from bot.services import forms
from bot.services.adults import giving
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.services.speech import Button, Saying
from bot.services.talk import greeting
from bot.store.models import Answer, Commitment, Conference, Conversation, Cue, Note, Participant, Run
from bot.store.session import Store
from bot.taps import Choice, Form, Tap
from bot.words import Words
from scheduler.outbox import deliveries
from scheduler.sealed import MARK
from tests.naughty import NAUGHTY
from tests.packet.bound import text as pages
from tests.slack.afterwards import TUESDAY, at
from tests.slack.groups import FULL, say
from tests.stages import Student, school, url_of
from tests.test_naughty import _ADDRESS as ADDRESS
from tests.test_naughty import _formatted as formatted

TYPED = (*NAUGHTY, "half \ud83d an emoji \udc4d", '=HYPERLINK("https://x.example","click")')
LOADED = tuple(one for one in NAUGHTY if len(one.strip()) <= 120 and not set("\x00\u202b\u202e") & set(one))
"""Those a school's files may hold."""

LINK = "https://school.example/lab"
SHORT = 300
FILES = "https://practice.slack.com/files/"
LONG = {"interpreter": 60, "name": 60, "what": 300, "text": 300, "thanks": 2000}
"""Characters of a field, where they are fewer than Slack's own window takes."""


CHARTER = (
    "Hillside Middle School", "Monday to Friday, 8:00 to 15:30", "988 Suicide & Crisis Lifeline", "Report cards",
)  # fmt: skip
"""Words of the school's own in school.toml."""


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Noor's school, where an adult may give as much as there are strings."""
    monkeypatch.setattr(giving, "ENOUGH", 2 * len(TYPED))
    folder = small(tmp_path / "school")
    with set_up(url_of(store), folder, words, TUESDAY, away=("yusuf",)) as stage:
        stage.workspace.attach(stage.bot.wsgi())  # by the front door, where what no database takes is left out
        yield stage


AROUND = ("id,", "noor,", "okafor,", "reyes,", "lind,", "amal,", "yusuf,", "bell,", "ortiz,", "tan,", "student,")
"""How the rows begin of those who have to do with Noor, and of the titles."""


def small(folder: Path) -> Path:
    """The sample school as if Noor were its only student."""
    school(folder, FULL)
    for table in (folder / "roster.csv", folder / "conferences.csv"):
        lines = table.read_text("utf-8").splitlines(keepends=True)
        table.write_text("".join(line for line in lines if line.startswith(AROUND)), "utf-8")
    return folder


def test_whatever_is_typed_or_loaded_is_kept_and_shown_as_nothing_but_words(stage: Stage, tmp_path: Path) -> None:
    noor, number = Student(stage), conference(stage)
    lost = shares(noor)
    asks(stage, number)
    lost += gives(stage, number)
    lost += withholds(stage, number)
    stage.wait(minutes=5)
    agree(noor)
    stage.wait(minutes=1)
    assert "DROP TABLE answer" in printed(stage)
    lost += practises(noor, number)
    lost += answers(stage, number)
    commands(stage)
    at(stage, 10, "17:31")
    lost += commits(stage, number)
    lost += sees(stage, number)
    at(stage, 11, "15:31")
    lost += thanks(stage, number)
    loads(stage, tmp_path)
    assert lost == []
    takes(stage)
    everything = list(sent(stage))
    assert [one for one in everything if one.pings] == []
    assert links(everything) <= {LINK, *ADDRESS.findall(" ".join(TYPED))}  # those a student shows as their work
    assert set(formatted(everything)) == set()


# -- what is typed ----------------------------------------------------------------------------------------------------


def shares(noor: Student) -> list[str]:
    """Files called so, with captions, as answers; back come those that are not kept."""
    stage = noor.stage
    noor.arrive()
    noor.tap("Start")
    captions = [cut(one, SHORT) for one in TYPED]  # long answers go through tests/test_naughty.py
    for caption, name in zip(captions, (*TYPED[3:], *TYPED[:3]), strict=True):
        noor.person.share(b"words", f"{name}.txt", "text/plain", storable_by_slack(caption))
        stage.clock.advance(seconds=20)
        noor.let()
    with stage.bot.house.store.read() as connection:
        rows = connection.execute(select(Answer.text, Answer.evidence)).all()
    texts, titles = {row.text for row in rows}, {stored(work["title"]) for row in rows for work in row.evidence}
    lost = [f"caption: {one!r}"[:80] for one in captions if stored(one) not in texts]
    return lost + [f"title: {one!r}"[:80] for one in TYPED if stored(f"{one}.txt") not in titles]


def asks(stage: Stage, number: int) -> None:
    """What Noor asks for ideas on, and whom they thank."""
    with stage.bot.house.store.read() as connection:
        talk = connection.scalar(select(Conversation.id).where(Conversation.conference_id == number)) or 0
    say(stage, talk, "struggles.stuck.1", "homework")
    say(stage, talk, "struggles.want_ideas.1", choices="yes")
    say(stage, talk, "struggles.ideas_on.1", "Getting started when I get home.")
    say(stage, talk, "gratitude.helped.1", "Ms. Okafor helped me because she kept room 12 open.")
    say(stage, talk, "gratitude.thanks.1", "Thank you for room 12.")


def agree(noor: Student) -> None:
    """Noor says that it is the agenda."""
    noor.say("menu")
    noor.tap("Your agenda")
    noor.tap("What I'm good at")
    noor.tap("That's my agenda")


def gives(stage: Stage, number: int) -> list[str]:
    """Ideas, words of pride and works."""
    about = [(number, "struggles", 1)]
    lost = filled(stage, "reyes", Form.IDEA, about, {"words": Note.text})
    lost += filled(stage, "amal", Form.PRIDE, [(number,)], {"words": Note.text})
    lost += filled(stage, "lind", Form.WORK, [(number,)], {"title": Note.title, "words": Note.text}, link=LINK)
    with stage.bot.house.store.write() as connection:  # Noor wants it on the agenda
        short = [row.id for row in connection.execute(select(Note.id, Note.text)) if len(row.text) <= SHORT]
        connection.execute(update(Note).where(Note.id.in_(short)).values(choice=Choice.KEEP))
    return lost


def withholds(stage: Stage, number: int) -> list[str]:
    """Each idea is held back for a reason."""
    with stage.bot.house.store.read() as connection:
        ideas = connection.scalars(select(Note.id).where(Note.kind == Form.IDEA).order_by(Note.id)).all()
    abouts = [(number, "note", note) for note in ideas]
    return filled(stage, "okafor", Form.HOLD, abouts, {"reason": Note.held_reason})


def answers(stage: Stage, number: int) -> list[str]:
    columns = {"interpreter": Participant.interpreter, "message": Note.text}
    return filled(stage, "amal", Form.RSVP, [(number,)], columns, coming="yes")


def practises(noor: Student, number: int) -> list[str]:
    noor.say("practice")
    noor.tap("Run 1")
    noor.tap("2")
    with noor.stage.bot.house.store.read() as connection:
        run = connection.scalars(select(Run.id)).one()
    lost = filled(noor.stage, "noor", Form.CUE, [(number, "strengths", run)], {"words": Cue.text})
    return lost + filled(noor.stage, "noor", Form.PAUSED, [(run,)], {"words": Run.note})


def commits(stage: Stage, number: int) -> list[str]:
    columns = {"what": Commitment.what, "name": Commitment.owner_name}
    return filled(stage, "amal", Form.COMMIT, [(number,)], columns, who="other")


def sees(stage: Stage, number: int) -> list[str]:
    return filled(stage, "reyes", Form.SAW, [(number,)], {"text": Note.text})


def thanks(stage: Stage, number: int) -> list[str]:
    lost = []
    for text in TYPED:
        lost += filled(stage, "noor", Form.THANKS, [(number,)], {"words": Note.text}, [text])
        with stage.bot.house.store.write() as connection:  # as if it had not gone yet
            connection.execute(delete(Note).where(Note.kind == Form.THANKS))
            connection.execute(delete(deliveries).where(deliveries.c.dedupe_key.like("thanks:%")))
    return lost


def commands(stage: Stage) -> None:
    """All after the command, alone and after a word."""
    for who, typed in (("noor", ("", "commit ")), ("okafor", ("", "status ", "beside ", "language "))):
        for text in (f"{word}{text}" for word in typed for text in TYPED):
            stage.clock.advance(seconds=0.5)
            stage.people[who].command("/conference", storable_by_slack(text))
            while stage.people[who].modal is not None:
                stage.people[who].close()
        stage.run()


def loads(stage: Stage, folder: Path) -> None:
    """The school's own files, with a string in each cell that holds words."""
    for number in range(2, len(LOADED), 5):
        load(stage, small(folder / str(number)), (*LOADED[number:], *LOADED[:number]))
        for key in ("noor", "okafor", "amal", "reyes", "tan", "bell"):
            stage.people[key].open_home()
        stage.people["okafor"].command("/conference", "status")
        stage.people["tan"].command("/conference", "status")
        stage.wait(minutes=3)


def load(stage: Stage, folder: Path, texts: Sequence[str]) -> None:
    """Load the school anew with these as its people's names, and the place, the school's name, hours, a helpline."""
    for name, column in (("roster.csv", "name"), ("conferences.csv", "place")):
        rows = list(csv.DictReader((folder / name).open(encoding="utf-8", newline="")))
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, rows[0])
            out.writeheader()
            out.writerows({**row, column: text} for row, text in zip(rows, texts, strict=False))
    charter = (folder / "school.toml").read_text("utf-8")
    for old, text in zip(CHARTER, texts, strict=False):
        assert f'"{old}"' in charter
        charter = charter.replace(f'"{old}"', json.dumps(text, ensure_ascii=False))
    (folder / "school.toml").write_text(charter, "utf-8")
    house, workspace, now = stage.bot.house, stage.workspace.team_id, stage.clock()
    with house.store.write() as connection:
        changes = load_school(connection, workspace, read_school(folder, house.words.catalog.languages), now)
        drafts = followed(connection, house.outbox, workspace, changes, now, mails=house.mails)
        house.outbox.put(connection, drafts, now)


# -- windows ----------------------------------------------------------------------------------------------------------


def filled(
    stage: Stage, key: str, form: Form, abouts: Sequence[tuple[Any, ...]],
    columns: Mapping[str, InstrumentedAttribute[str]], texts: Iterable[str] = TYPED, **others: str,
) -> list[str]:  # fmt: skip
    """Fill a window in with each text in all these fields; back come those of which the columns hold another."""
    hands, lost = stage.people[key], []
    button = offered(stage, key, [forms.value(form, *about) for about in abouts])
    actions = [one["action_id"] for block in button.blocks for one in block.get("elements", ()) if "value" in one]
    for action, text in zip(cycle(actions), texts, strict=False):
        stage.clock.advance(seconds=0.5)
        assert hands.tap(action, button).ok
        assert hands.modal is not None
        fields = {one.action_id: one for one in controls(hands.modal.blocks)}
        values = {name: cut(text, LONG.get(form if form == Form.THANKS else name, 3000)) for name in columns}
        assert hands.submit(values={name: one for name, one in {**values, **others}.items() if name in fields}).ok, text
        assert hands.trouble == [], (form, text, hands.trouble)
        hands.modals.clear()
        with stage.bot.house.store.read() as connection:
            for name, column in columns.items():
                if expected(name, values[name]) not in map(stored, connection.scalars(select(column))):
                    lost.append(f"{form}.{name}: {text!r}"[:80])
    stage.run()
    return lost


def offered(stage: Stage, key: str, values: Sequence[str]) -> Message:
    """A message to somebody with buttons that open windows."""
    house, now, hands = stage.bot.house, stage.clock(), stage.people[key]
    buttons = [[Button(Tap.FORM, "commit", value)] for value in values]
    saying = Saying("what_is_this", {"student": "Noor", "advisor": "", "counselor": ""}, {"actions": buttons})
    with house.store.write() as connection:
        row = greeting.person_in_slack(connection, stage.workspace.team_id, hands.id)
        assert row is not None
        said = greeting.voice_for(row, None, f"offer:{key}:{values[0]}:{now}", now).say(saying)
        house.outbox.put(connection, [said], now)
    stage.run()
    return next(one for one in reversed(hands.sees()) if f"'{values[0]}'" in str(one.blocks))


def cut(text: str, longest: int) -> str:
    """As much as a field takes: the end, where there is nothing in the beginning."""
    return text[:longest] if text[:longest].strip() else text[-longest:]


def stored(text: str) -> str:
    """No database keeps NUL and half an emoji; what is sealed is known by its mark."""
    return "".join(one for one in text if one not in ("\x00", MARK) and not "\ud800" <= one <= "\udfff")


def expected(name: str, text: str) -> str:
    """As it is kept: without blanks around it, a title on one line."""
    return " ".join(stored(text).split()) if name == "title" else stored(text).strip()


def storable_by_slack(text: str) -> str:
    """No form's body holds half an emoji."""
    return text.encode("utf-8", "ignore").decode()


def conference(stage: Stage) -> int:
    with stage.bot.house.store.read() as connection:
        return connection.scalars(select(Conference.id)).one()


# -- what is sent -----------------------------------------------------------------------------------------------------


def takes(stage: Stage) -> None:
    """The bot took all it was brought, and Slack all it was sent."""
    workspace = stage.workspace
    assert [one for one in workspace.events.log if one.ack.status != 200] == []
    assert [hands.trouble for hands in workspace.people.values() if hands.trouble] == []
    assert [(one.method, one.error) for one in workspace.calls if not one.ok] == []


def links(messages: Iterable[Message]) -> set[str]:
    """Where a reader could get to, but for the files in the workspace. The text beside blocks is not shown."""
    shown = [replace(one, text="") if one.blocks else one for one in messages]
    found = {unquote(link) for one in shown for link in one.links}
    return {link for link in found if not link.startswith(FILES)}


def printed(stage: Stage) -> str:
    """The packet, as it was last put under the agenda."""
    packets = [file for file in stage.workspace.files.all() if file.name.endswith(".pdf")]
    return pages(packets[-1].content)


def sent(stage: Stage) -> Iterator[Message]:
    """All that went out, as messages: calls, and what taps, windows and commands were answered with."""
    bodies = [one.args for one in stage.workspace.calls] + [one.ack.body for one in stage.workspace.events.log]
    for body in bodies:
        body = {key: read(value) for key, value in body.items()}
        view = body.get("view") or {}
        text = " ".join(str(body[key]) for key in ("text", "initial_comment", "topic", "purpose") if body.get(key))
        blocks = [*(body.get("blocks") or ()), *view.get("blocks", ())]
        yield Message("", "", "", text, "", tuple(blocks), parse=str(body.get("parse", "")))


def read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith(("[{", '{"')) else value
