"""The few answers of many students that an adult's overview goes by, in two queries however many the students are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, or_, select, tuple_

from bot.conference.answers import Given, Revision, Setting, fold
from bot.conference.answers import Spot as Place
from bot.dialogue.flow import Visibility
from bot.store.models import Answer, Conversation, Item


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some answers of one conference as they stand, and what was decided on its answers."""

    given: Mapping[Place, Given] = field(default_factory=dict)
    settings: Mapping[Place, Setting] = field(default_factory=dict)


NOTHING = Excerpt()


def excerpts(
    connection: Connection, workspace: str, conversations: Collection[int], questions: Collection[tuple[str, str]] = ()
) -> dict[int, Excerpt]:
    """By conference: answers in which something was left to develop, and those to `questions` (flow, question).

    Only of the conferences these conversations are about now. What was flagged has no words here, as everywhere.
    """
    here = Conversation.workspace == workspace, Conversation.id.in_(conversations)
    settings: dict[int, dict[Place, Setting]] = {}
    for row in connection.execute(
        select(Item.conference_id, Item.flow, Item.question, Item.round, Item.visible, Item.develop, Item.held_reason)
        .join(Conversation, Conversation.conference_id == Item.conference_id)
        .where(*here)
    ):
        visible = Visibility(row.visible) if row.visible else None
        setting = Setting(visible, row.develop, row.held_reason)
        settings.setdefault(row.conference_id, {})[Place(row.flow, row.question, row.round)] = setting
    revisions: dict[int, list[Revision]] = {}
    for row in connection.execute(
        select(Answer.id, Answer.flow, Answer.question, Answer.round, Answer.ts, Answer.revised, Answer.act,
               Answer.text, Answer.choices, Answer.evidence, Answer.alarm, Answer.conference_id)
        .join(Answer, and_(Answer.workspace == Conversation.workspace, Answer.conversation_id == Conversation.id,
                           Answer.conference_id == Conversation.conference_id))
        .outerjoin(Item, and_(Item.conference_id == Answer.conference_id, Item.flow == Answer.flow,
                              Item.question == Answer.question, Item.round == Answer.round))
        .where(*here, or_(Item.develop != "", tuple_(Answer.flow, Answer.question).in_(list(questions))))
        .select_from(Conversation)
    ):  # fmt: skip
        fields: tuple[Any, ...] = tuple(row)
        revisions.setdefault(row.conference_id, []).append(Revision(*fields[:-1]))
    return {
        conference: Excerpt(fold(revisions.get(conference, ())), settings.get(conference, {}))
        for conference in revisions.keys() | settings.keys()
    }
