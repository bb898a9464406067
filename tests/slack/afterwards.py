"""A small school on stage around one conference: before it, at it, and in the weeks after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.practice.message import Message
from bot.practice.people import Person as Hands
from bot.practice.stage import Stage, set_up
from bot.store.models import Commitment, Conference, Person
from bot.store.session import Store
from bot.words import Words
from tests.stages import school, url_of

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 12, 8, 15, 0, tzinfo=UTC)
"""Two days before Noor's conference, in the morning there: the channel is made in the afternoon."""
CHANNEL = "conf-noor-12-10"
HALF = {
    'level = "full"': 'level = "half"',
    "amal,family,Amal Haddad,amal@home.example,,,noor,,": "amal,family,Amal Haddad,amal@home.example,,,noor,es,",
}
"""Enough of the meeting to say thanks in; the mother reads Spanish."""

WINTER = "noor,Winter 2027,2027-03-18,17:30,20,room 12,reyes lind"
"""Noor's next conference."""


@contextmanager
def around(
    store: Store, words: Words, folder: Path, students: Sequence[str] = ("noor",), more: Sequence[str] = (),
    changes: Mapping[str, str] | None = None, winter: bool = False, team: str = "T0PRACTICE",
) -> Iterator[Stage]:  # fmt: skip
    """The sample school with these students only. Yusuf, the brother, is not on Slack. `more`: further lines of the
    roster; `changes`: words replaced in the school's files; `winter`: Noor's next conference is booked."""
    school(folder, {**HALF, **(changes or {})})
    for name, keeps in (("roster.csv", _row), ("conferences.csv", lambda cells, kept: cells[0] in kept)):
        head, *rows = (folder / name).read_text(encoding="utf-8").splitlines()
        kept = [row for row in rows if keeps(row.split(","), set(students))]
        added = more if name == "roster.csv" else [WINTER] if winter else []
        (folder / name).write_text("\n".join([head, *kept, *added]), encoding="utf-8")
    with set_up(url_of(store), folder, words, TUESDAY, away=("yusuf",), team=team) as stage:
        yield stage


def _row(cells: list[str], kept: set[str]) -> bool:
    """Whether a line of the roster is about nobody but these students."""
    return bool(set(cells[6].split()) & kept) if cells[1] == "family" else cells[1] != "student" or cells[0] in kept


def at(stage: Stage, day: int, clock: str, month: int = 12, year: int = 2026) -> None:
    """Let it be a moment of the school's clock; the bot has planned, and done what was due until then."""
    hour, minute = map(int, clock.split(":"))
    moment = datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)
    stage.plan()
    for _ in stage.until(moment):
        pass


def person(stage: Stage, key: str) -> Any:
    """Somebody's row of the roster."""
    with stage.bot.house.store.read() as connection:
        return connection.execute(select(*Person.__table__.c).where(Person.key == key)).one()


def conference_of(stage: Stage, key: str = "noor") -> int:
    """The id of a student's conference."""
    with stage.bot.house.store.read() as connection:
        asked = select(Conference.id).join(Person, Person.id == Conference.student_id).where(Person.key == key)
        return connection.scalars(asked.order_by(Conference.date)).first() or 0


def add(stage: Stage, hands: Hands, who: str, what: str, where: Message | None = None, **fields: str) -> None:
    """Open the window from what stands in the channel, and submit it."""
    assert hands.tap("Add what we agreed", where).ok
    fill(stage, hands, {"who": who, "what": what, **fields})


def fill(stage: Stage, hands: Hands, values: dict[str, Any]) -> None:
    """Submit the window that is open, and let the bot do what follows."""
    assert hands.submit(values=values).ok
    stage.wait(seconds=1)


def commitments(stage: Stage) -> list[Any]:
    """All rows, oldest first."""
    with stage.bot.house.store.read() as connection:
        return list(connection.execute(select(*Commitment.__table__.c).order_by(Commitment.id)))


def in_channel(stage: Stage, words: str) -> list[Message]:
    """What stands in the conference's channel with these words in it, oldest first."""
    channel = stage.workspace.channel(CHANNEL)
    assert channel is not None
    return [message for message in channel.messages.values() if words in message.shown]


def saw(stage: Stage, key: str, words: str) -> list[Message]:
    """What the bot wrote to somebody with these words in it, oldest first."""
    return [message for message in stage.people[key].sees() if message.app and words in message.shown]
