"""What students ask of the adults, as somebody may see it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from bot.conference import access
from bot.conference.asks import READ, Ask, Kin, asks, theirs_first
from bot.dialogue.flow import Visibility
from bot.services.advising.excerpts import NOTHING, Excerpt, excerpts
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.store.models import Conversation, Guardian, Person
from bot.store.session import AnyRow

_FLOWS = ("struggles", "goals", "supports")


def asks_of(house: House, connection: Connection, person: AnyRow, conference: AnyRow) -> list[Ask]:
    """The asks of a conference's student that a person may see; those that name them first. `conference`: a row of
    `booked.conference_of`."""
    found = seen_by(actor(connection, person), conference.student_id, standing(house, connection, conference))
    kin = _kin(house, connection, conference) if person.role == access.Role.FAMILY else None
    return theirs_first(found, person.name, conference.student, kin)


def _kin(house: House, connection: Connection, conference: AnyRow) -> Kin:
    """The words for those at home, in every language."""
    catalog = house.words.catalog

    def words(*keys: str) -> frozenset[str]:
        said = (catalog.label(language, f"thanks.{key}") for language in catalog.languages for key in keys)
        return frozenset(word for text in said for word in text.split())

    adults = select(func.count()).where(
        Guardian.workspace == conference.workspace, Guardian.student_id == conference.student_id,
        Guardian.adult_id == Person.id, Person.active.is_(True),
    )  # fmt: skip
    return Kin(words("parent", "relative"), words("family"), connection.scalar(adults) == 1)


def standing(house: House, connection: Connection, conference: AnyRow) -> list[Ask]:
    """Every ask of a conference's student that stands, whoever may see it."""
    conversation = select(Conversation.id).where(
        Conversation.workspace == conference.workspace, Conversation.conference_id == conference.id
    )
    said = excerpts(connection, conference.workspace, connection.scalars(conversation).all(), READ)
    return found_in(house, house.words.language(conference.language), said.get(conference.id, NOTHING))


def found_in(house: House, language: str, said: Excerpt) -> list[Ask]:
    """The asks in what was read of one conference; `language` of the flows."""
    flows = {name: house.words.flow(language, name) for name in _FLOWS}
    return list(asks(said.given, said.settings, flows))


def seen_by(who: access.Actor, student: int, found: Iterable[Ask]) -> list[Ask]:
    """Those of a student's asks that somebody may see: what the student showed to everyone, as an ask; what they showed
    to fewer, as any other answer."""
    return [one for one in found if access.may(who, access.Action.SEE, _thing(student, one))]


def _thing(student: int, one: Ask) -> access.Thing:
    if one.visible is Visibility.CONFERENCE:
        return access.Thing(access.Kind.ASK, student)
    return access.Thing(access.Kind.ANSWER, student, one.visible)
