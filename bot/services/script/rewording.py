"""Windows of practice: a card in other words, and where somebody paused."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.conference.minutes import Topic
from bot.conference.script import text_of
from bot.services import notes
from bot.services.forms import Entries, Field, Taken, Window
from bot.services.house import House
from bot.services.script import cues, practising, rehearsing, runs
from bot.services.script.runs import Kind
from bot.services.script.visit import Visit
from bot.services.talk import greeting
from bot.services.talk.scene import scene_by_id
from bot.store.session import AnyRow
from bot.taps import Form
from scheduler.outbox import Draft


class CueForm:
    """A card as the student wants to say it. About "conference:topic:run", run 0 for none that is shown anew."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """With what stands on the card, to be changed."""
        conference, topic, _ = _parts(about)
        script = cues.script_of(house, connection, person.workspace, conference)
        card = next((one for one in script.cards if one.topic == topic), None) if script is not None else None
        if script is None or card is None or not _may(connection, person, script.conference):
            return None
        text = text_of(card, script.label)
        title = f"={script.title(card.topic)}"
        field = Field("words", title, text, "cue_hint", optional=True)
        return Window(Form.CUE, about, "cue_title", person.language, (field,), submit="keep")

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Keep it; emptied, or as it was made, the card is made of the answers again."""
        conference, topic, run = _parts(about)
        script = cues.script_of(house, connection, person.workspace, conference)
        if script is None or topic is None or not _may(connection, person, script.conference):
            return None
        words = str(entries["words"]).strip()
        if flagged := notes.screened(house, connection, script.conference, person, Form.CUE, key, words):
            return flagged
        made = next((text_of(one, script.label) for one in script.cards if one.topic == topic and not one.own), None)
        cues.keep(connection, person.workspace, conference, topic, "" if words == made else words, house.clock())
        return Taken(_shown_anew(house, connection, person, run, key))


class PausedForm:
    """Where they paused in a run, for themselves. About "run"."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """With what was noted before."""
        run = _run(connection, person, int(about))
        if run is None:
            return None
        field = Field("words", "paused", run.note, "paused_hint", optional=True)
        return Window(Form.PAUSED, about, "paused_title", person.language, (field,), submit="keep")

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Note it with the run."""
        run = _run(connection, person, int(about))
        held = notes.conference_of(connection, person.workspace, run.conference_id) if run is not None else None
        if run is None or held is None:
            return None
        words = str(entries["words"]).strip()
        if flagged := notes.screened(house, connection, held, person, Form.PAUSED, key, words):
            return flagged
        runs.change(connection, run, note=words)
        return Taken(_shown_anew(house, connection, person, run.id, key))


def _parts(about: str) -> tuple[int, Topic | None, int]:
    conference, topic, run = about.split(":")
    return int(conference), Topic(topic) if topic in set(Topic) else None, int(run)


def _may(connection: Connection, person: AnyRow, conference: AnyRow) -> bool:
    return practising.may_practise(connection, person, conference.student_id)


def _run(connection: Connection, person: AnyRow, number: int) -> AnyRow | None:
    """A rehearsal, if this person may go through its cards."""
    run = runs.one(connection, person.workspace, number)
    held = notes.conference_of(connection, person.workspace, run.conference_id) if run is not None else None
    return run if held is not None and _may(connection, person, held) else None


def _shown_anew(house: House, connection: Connection, person: AnyRow, number: int, key: str) -> list[Draft]:
    """The run's message with what was changed, where there is one."""
    run = runs.one(connection, person.workspace, number)
    if run is None or run.kind != Kind.REHEARSAL or not run.ts:
        return []
    script = cues.script_of(house, connection, person.workspace, run.conference_id)
    if script is None:
        return []
    conversation = greeting.conversation_of(connection, person.workspace, script.conference.student_id)
    scene = scene_by_id(connection, person.workspace, conversation) if conversation is not None else None
    if scene is None:
        return []
    run = runs.one(connection, person.workspace, number) or run  # as it is, with the lock held
    here = scene._replace(slack_id=person.slack_id)
    visit = Visit(house, connection, here, script, run.channel, run.ts, key, house.clock())
    return [visit.anew(run, rehearsing.shown(visit, run))]
