"""The cue cards of a conference: made of what was approved, or would be, and of what the student made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, delete, insert, select, update

from bot.conference.agenda import Agenda, compile_agenda
from bot.conference.approval import approved_agenda
from bot.conference.minutes import Topic
from bot.conference.script import Card, script
from bot.services import notes
from bot.services.adults import contributing
from bot.services.channels import channel
from bot.services.house import House
from bot.services.roster import levels
from bot.services.talk import review
from bot.store.models import Cue
from bot.store.session import AnyRow
from scheduler import sealed


@dataclass(frozen=True, slots=True)
class Script:
    """The cards of a conference: `conference` is its row with `student`; `label` gives the words of a label's key."""

    conference: AnyRow
    cards: tuple[Card, ...]
    language: str
    label: Callable[..., str]

    @property
    def minutes(self) -> int:
        """The whole minutes of all cards together."""
        return sum(card.minutes for card in self.cards)

    def title(self, topic: str) -> str:
        """The name of a part."""
        return self.label(f"section.{topic}")


def script_of(house: House, connection: Connection, workspace: str, conference: int) -> Script | None:
    """The script of a conference as it stands; None where there is no such conference, or it is cancelled."""
    found = notes.conference_of(connection, workspace, conference)
    if found is None:
        return None
    words, language = house.words, house.words.language(found.language)
    flows = review.flows_of(house, language, levels.of_conference(connection, workspace, conference))
    read = review.material(connection, workspace, conference)
    added = contributing.added_of(connection, workspace, [conference])[conference]
    approval = channel.latest_approval(connection, workspace, conference)
    agenda: Agenda
    if approval is None:
        agenda = compile_agenda(read.given, read.settings, flows, read.meeting.minutes, added=added)
    else:
        agenda = approved_agenda(
            approval.items, read.revisions, read.settings, flows, read.meeting.minutes, approval.opening, added=added
        )
    cards = script(agenda, read.settings, flows, own(connection, workspace, conference))
    return Script(found, cards, language, partial(words.catalog.label, language))


def own(connection: Connection, workspace: str, conference: int) -> Mapping[Topic, str]:
    """The cards the student wrote in other words."""
    rows = connection.execute(
        select(Cue.topic, Cue.text).where(Cue.workspace == workspace, Cue.conference_id == conference)
    )
    return {Topic(row.topic): row.text for row in rows}


def keep(connection: Connection, workspace: str, conference: int, topic: Topic, text: str, now: datetime) -> None:
    """A card in the student's own version; with "" it is made of their answers again."""
    where = (Cue.workspace == workspace, Cue.conference_id == conference, Cue.topic == topic.value)
    place = {"workspace": workspace, "conference_id": conference, "topic": topic.value}
    values = sealed.row(Cue, {"text": text, "at": now}, place)
    if not text:
        connection.execute(delete(Cue).where(*where))
    elif connection.execute(update(Cue).where(*where).values(**values)).rowcount == 0:
        connection.execute(insert(Cue).values(**place, **values))
