"""Which student somebody means by what they typed: a name, the beginning of one, a handle, or a mention of Slack's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from bot.conference.access import Role
from bot.services.command.reader import Reader
from bot.services.command.vocabulary import bare
from bot.services.talk.scene import first_name
from bot.store.models import Person

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Pupil:
    """A student somebody may ask about."""

    id: int
    name: str
    slack_id: str


def pupils(reader: Reader) -> list[Pupil]:
    """The students this person has anything to do with, by name: their own, themselves, or all of the school."""
    who, workspace = reader.who, reader.person.workspace
    asked = select(Person.id, Person.name, Person.slack_id).where(
        Person.workspace == workspace, Person.role == Role.STUDENT, Person.active.is_(True)
    )
    if who.role is not Role.COORDINATOR:
        asked = asked.where(Person.id.in_({*who.students, *({who.id} if who.role is Role.STUDENT else ())}))
    return [
        Pupil(row.id, row.name, row.slack_id or "") for row in reader.connection.execute(asked.order_by(Person.name))
    ]


def meant(typed: str, among: Sequence[Pupil]) -> list[Pupil]:
    """Those of some students who may be meant; several where a name is not only one's, none where it is nobody's."""
    mentioned = _MENTION.search(typed)
    if mentioned is not None:
        return [one for one in among if one.slack_id == mentioned[1]]
    name = bare(typed.removeprefix("@").replace(".", " ")) if typed.startswith("@") else bare(typed)
    for spelled in (bare, lambda whole: bare(first_name(whole))):
        if found := [one for one in among if name and spelled(one.name) == name]:
            return found
    return [one for one in among if len(name) > 1 and bare(one.name).startswith(name)]
