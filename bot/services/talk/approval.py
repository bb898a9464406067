"""The agenda is approved, goes up before its time, and is held against its approval whenever something changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bot.services.channels import channel, opening
from bot.services.house import House
from bot.services.speech import Saying
from bot.services.talk import review
from bot.services.talk.scene import Scene
from bot.services.talk.telling import FINAL, Teller
from bot.words import APPROVE


def approve(house: House, connection: Connection, scene: Scene, told: Teller, now: datetime) -> Scene:
    """The review is over: approved, if the student says so. The scene comes back with the approval's number."""
    reply = scene.state.replies.get(FINAL.key())
    if reply is None or "yes" not in reply.choices:
        told.not_yet(scene)
        return scene
    saying, drafts = review.approve(house, connection, scene, now)
    number = review.latest_number(connection, scene.workspace, scene.conference)
    told.say(saying)
    told.drafts += drafts
    return scene._replace(approved=number or 0)


def post_now(connection: Connection, scene: Scene, told: Teller, conference: int, now: datetime) -> bool:
    """What was approved goes up before its time; False where it is not this conference's, or waits no more."""
    about = (scene.workspace, conference, f"now:{told.voice.key}", now)
    drafts = opening.post_now(connection, *about) if conference == scene.conference else []
    if drafts:
        told.say(Saying("posting", {"student": scene.student}))
        told.drafts += drafts
    return bool(drafts)


def compare(
    house: House, connection: Connection, scene: Scene, told: Teller, now: datetime, *, withdrawn: bool
) -> Scene:
    """After a change to an approved agenda: what was taken back leaves the channel, what is new asks for approval.

    The question comes once, and not while the student is looking at the agenda anyway.
    """
    if withdrawn:
        key = f"taken:{told.voice.key}"
        told.drafts += channel.again(connection, scene.workspace, scene.conference, key, now)
    looking = scene.flow == APPROVE and not scene.state.done
    if scene.approved > 0 and not looking and review.changed(house, connection, scene):
        scene = scene._replace(approved=-scene.approved)
        told.approval_needed(scene)
    return scene
