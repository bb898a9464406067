"""What `/conference …` does, in whichever language its words are typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bot.conference.access import Role
from bot.dialogue.events import Command, Said
from bot.services import arriving, overhearing
from bot.services.afterwards import committing
from bot.services.command import languages, mentions, status, vocabulary
from bot.services.command.inquiry import Inquiry
from bot.services.command.reader import Reader
from bot.services.forms import Window
from bot.services.house import House
from bot.services.nudges import reminders
from bot.services.roster.actors import actor
from bot.services.script import scripting
from bot.services.script.runs import LEAD_MODE, SCRIPT
from bot.services.speech import Saying
from bot.services.talk import beside, greeting, hearing
from bot.services.talk.scene import Scene, first_name, scene_of
from bot.services.talk.turn import Turn
from bot.store.session import AnyRow
from scheduler.outbox import Delivery


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown to whoever typed the command, in their language: words, or a window that opens. And what the bot
    says elsewhere because of it."""

    saying: Saying | None
    language: str
    deliveries: Sequence[Delivery] = field(default_factory=list)
    window: Window | None = None


def command(house: House, workspace: str, slack_id: str, text: str, key: str, in_channel: str = "") -> Answer:
    """`/conference` and a word, and perhaps a student's name; in a conference's channel that conference is meant.

    A word nobody knows is a student's name, or gets the help. What the safety screen matches goes to a person first.
    """
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None:
            alarming = text if house.words.safety.screen(text) is not None else ""
            look_up = arriving.look_up(workspace, slack_id, key, now, text=alarming)
            meet = house.outbox.put(connection, [look_up], now, claim=True)
            return Answer(*status.home_of_stranger(connection, workspace), meet)
        asked = _Asked(Reader(house, connection, person, actor(connection, person), now), key, in_channel)
        if house.words.safety.screen(text) is not None:
            return asked.alarming(text)
        word, rest = vocabulary.parse(house, text)
        return asked.answer(word, rest.strip())


@dataclass(frozen=True)
class _Asked:
    """One command of somebody's: who typed it, where, and what names it."""

    reader: Reader
    key: str
    channel: str

    @property
    def house(self) -> House:
        """What every verb needs."""
        return self.reader.house

    @property
    def connection(self) -> Connection:
        """The transaction it is answered in."""
        return self.reader.connection

    @property
    def person(self) -> AnyRow:
        """Who typed it."""
        return self.reader.person

    def answer(self, word: str, rest: str) -> Answer:
        """Do what the word says, if it is one for this role."""
        if word in ("practice", "lead") and rest and self.person.role == Role.ADVISOR:
            return self._sit_beside(rest, SCRIPT if word == "practice" else LEAD_MODE)
        if word and word not in vocabulary.words_for(self.person.role):
            return self._help()
        match word:
            case "start" | "preview" | "menu":
                return self._coached(word)
            case "practice" | "lead":
                return self._practice(word)
            case "pause" | "resume":
                return self._reminders(word == "resume")
            case "language":
                return self._language(rest)
            case "beside":
                return self._sit_beside(rest)
            case "help":
                return self._help()
            case "" | "status":
                return self._status(word, rest)
            case "commit" if rest and self.person.role == Role.STUDENT:
                return self._commit(rest)
            case _:
                return self._shown(Inquiry(self.reader, self.channel).conference(word, rest))

    def alarming(self, text: str) -> Answer:
        """The safety screen matched: a student's words are kept and a person told, as if they had written them in the
        chat; so is what an adult writes, who is told where there is help."""
        if self.person.role != Role.STUDENT:
            now = self.reader.now
            help_now, alerts = overhearing.heard(self.house, self.connection, self.person, text, self.key, now)
            put = self.house.outbox.put(self.connection, alerts, now, claim=True)
            return self._say(Saying("adult_dm", {"name": self.person.name, **help_now}), put)
        greeting.begin(self.connection, self.person, self.reader.now)
        scene = self._scene()
        if scene is None:
            raise AssertionError("a conversation was begun")
        said = self._turn(scene).hear(Said(f"{self.reader.now.timestamp():.6f}", text, None))
        return self._say(Saying("command_passed_on", {"student": scene.student}), said)

    def _say(self, saying: Saying, deliveries: Sequence[Delivery] = ()) -> Answer:
        return Answer(saying, self.person.language, deliveries)

    def _shown(self, found: Saying | Window) -> Answer:
        if isinstance(found, Window):
            return Answer(None, self.person.language, window=found)
        return self._say(found)

    def _where_things_stand(self) -> Saying:
        return status.status(self.house, self.connection, self.person, self.reader.now)

    def _scene(self) -> Scene | None:
        return scene_of(self.connection, self.person.workspace, self.person.slack_id)

    def _turn(self, scene: Scene) -> Turn:
        return Turn(self.house, self.connection, scene, self.person.im or "", self.key, self.reader.now)

    def _coached(self, word: str) -> Answer:
        """Go on in the DM; the answer to the command says where things stand."""
        scene, im, key = self._scene(), self.person.im, f"turn:{self.key}"
        if scene is None:
            workspace, slack_id = self.person.workspace, self.person.slack_id
            said = greeting.first_hello(self.house, self.connection, workspace, slack_id, im, key)
        elif hearing.outdated(self.connection, scene, self.reader.now):
            said = hearing.greet_anew(self.house, self.connection, scene, im or "", key, self.reader.now)
        else:
            said = self._turn(scene).start() if word == "start" else self._turn(scene).show(Command(word))
        return self._say(self._where_things_stand(), said)

    def _practice(self, word: str) -> Answer:
        """The script and its runs; at the meeting, the cards to lead it by."""
        offer = scripting.lead if word == "lead" else scripting.offer
        saying = offer(self.house, self.connection, self.person, self.reader.now)
        return self._say(saying or self._where_things_stand())

    def _reminders(self, wanted: bool) -> Answer:
        reminders.wish(self.connection, self.person.workspace, self.person.id, wanted, self.reader.now)
        return self._say(reminders.wishes(self.person.role, first_name(self.person.name), wanted))

    def _language(self, typed: str) -> Answer:
        language = languages.named(self.house, typed)
        if not language:
            return self._say(languages.offer(self.house, self.person, unknown=bool(typed)))
        return Answer(languages.chosen(self.house, self.connection, self.person, language), language)

    def _status(self, word: str, typed: str) -> Answer:
        """Of oneself or one's group; of the student who is named, with nothing before the name too."""
        inquiry = Inquiry(self.reader, self.channel)
        if typed and not word and not inquiry.names_one(typed):
            return self._help(typed)
        return self._say(inquiry.status(typed) or self._where_things_stand())

    def _help(self, typed: str = "") -> Answer:
        among = mentions.pupils(self.reader)
        example = first_name(among[0].name) if len(among) > 1 else ""
        return self._say(status.command_help(self.house, self.person, typed, example))

    def _commit(self, typed: str) -> Answer:
        """The window for what a student says they will do, with what they typed of it: "me: do the outline"."""
        who, _, what = typed.partition(":")
        found = Inquiry(self.reader, self.channel).conference("commit", "")
        text = what.strip() if what.strip() and len(who.split()) == 1 else typed
        return self._shown(committing.filled_in(found, text) if isinstance(found, Window) else found)

    def _sit_beside(self, typed: str, flow: str = "") -> Answer:
        """Sit beside the student who is meant, at this flow; where that is not one, they are to be chosen."""
        among = mentions.pupils(self.reader)
        found = mentions.meant(typed, among)
        if len(found) == 1:
            said = beside.seat(self.house, self.connection, self.person, found[0].id, self.key, self.reader.now, flow)
            return self._say(Saying("beside_coming", {"student": found[0].name}), said)
        offered = [(one.id, one.name) for one in found or among]
        context = {"typed": bool(typed), "students": [one.name for one in found], "any": bool(among)}
        chosen = {"actions": beside.choices(self.house, self.person.language, offered)} if offered else {}
        return self._say(Saying("beside_which", context, chosen))
