"""What a student decides about a line of their agenda: who sees it, or that it is to be said differently."""

from __future__ import annotations

from bot.conference.answers import Spot as Place
from bot.dialogue.flow import Visibility
from bot.dialogue.state import Spot
from bot.services import review
from bot.services.hearing import first_time, scene_at
from bot.services.house import House
from bot.services.turn import Turn
from bot.store.models import Item
from bot.taps import Ref
from scheduler.outbox import Delivery


def show_to(
    house: House, workspace: str, key: str, slack_id: str, channel_id: str, ref: Ref, chosen: str, message: str,
    thread: str = "",
) -> list[Delivery]:  # fmt: skip
    """Who sees an answer. Saying less takes effect in the channel at once; saying more waits for the next approval."""
    now = house.clock()
    with house.store.write() as connection:
        scene = scene_at(connection, workspace, slack_id, channel_id, thread, ref)
        if scene is None or not first_time(connection, workspace, (key,), now):
            return []
        spot = Spot(ref.choice, ref.prompt)
        review.set_item(
            connection, workspace, scene.conference, ref.flow, spot, {Item.visible: Visibility(chosen).value}
        )
        turn = Turn(house, connection, scene, channel_id, key, now)
        again = review.section_again(house, connection, scene, Place(ref.flow, *spot))
        if again is not None:
            turn.told.anew(again, message)
        return turn.decided()


def change(
    house: House, workspace: str, key: str, slack_id: str, channel_id: str, ref: Ref, thread: str = ""
) -> list[Delivery]:
    """Open the question of a line again; afterwards the review comes back."""
    now = house.clock()
    with house.store.write() as connection:
        scene = scene_at(connection, workspace, slack_id, channel_id, thread, ref)
        if scene is None or not first_time(connection, workspace, (key,), now):
            return []
        turn = Turn(house, connection, scene, channel_id, key, now)
        return turn.change(ref.flow, Spot(ref.choice, ref.prompt))
