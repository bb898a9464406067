"""The family that is not in the channel is invited as well: by mail where that can be, else by way of the advisor."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, update

from bot.services.channels import channel
from bot.services.channels.channel import Invite
from bot.services.family import handing, households, mailing
from bot.services.family.households import Household, Reach
from bot.store.models import Participant
from scheduler.outbox import Draft


def off_slack(connection: Connection, workspace: str, conference: int, now: datetime, *, mails: bool) -> list[Draft]:
    """Invitations by mail, and one message to the advisor about everybody else; whom they went to is kept.

    Nobody is told twice: it may be asked again whenever somebody has come to belong to the conference. `mails`:
    whether mail can be sent (`House.mails`).
    """
    about = channel.meeting(connection, workspace, conference)
    if about is None:
        return []
    homes = households.of(connection, workspace, about.student_id, mails=mails)
    by_mail, by_hand = _those(homes, Reach.MAIL), _those(homes, Reach.PRINT)
    mailed = [adult for home in by_mail for adult in home.adults]
    drafts = [draft for adult in mailed for draft in mailing.invite(connection, workspace, conference, adult, now)]
    drafts += handing.by_hand(connection, about, by_hand, mails, now)
    _keep(connection, workspace, conference, by_mail, Invite.MAILED)
    _keep(connection, workspace, conference, by_hand, Invite.PAPER)
    return drafts


def _those(homes: list[Household], reach: Reach) -> list[Household]:
    found = (replace(home, adults=tuple(one for one in home.adults if one.reach is reach)) for home in homes)
    return [home for home in found if home.adults]


def _keep(connection: Connection, workspace: str, conference: int, homes: list[Household], how: Invite) -> None:
    """Keep that they are told in another way than by Slack; who is in the channel stays there."""
    people = [adult.id for home in homes for adult in home.adults]
    connection.execute(
        update(Participant)
        .where(
            Participant.workspace == workspace, Participant.conference_id == conference,
            Participant.person_id.in_(people),
            Participant.invite.not_in([Invite.JOINED, Invite.PAPER]),
        )
        .values(invite=how)
    )  # fmt: skip
