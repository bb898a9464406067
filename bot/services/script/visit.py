"""Somebody at their cards: who, with which script, at which message, when. What is said goes by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.conference.script import Card
from bot.services import safeguarding
from bot.services.house import House
from bot.services.script import runs
from bot.services.script.cues import Script
from bot.services.speech import Kind, Saying
from bot.services.talk import answers
from bot.services.talk.scene import Scene
from bot.store.session import AnyRow
from scheduler.outbox import Draft


@dataclass(frozen=True, slots=True)
class Visit:
    """`channel`: the DM it is in, "" for wherever the DM is; `ts`: the message that was tapped, "" for none."""

    house: House
    connection: Connection
    scene: Scene
    script: Script
    channel: str
    ts: str
    key: str
    now: datetime

    @property
    def conference(self) -> int:
        """The conference's id."""
        return int(self.script.conference.id)

    @property
    def zone(self) -> ZoneInfo:
        """The school's time zone."""
        return ZoneInfo(self.scene.time_zone)

    def local(self, moment: datetime) -> str:
        """A moment as a message takes it: ISO, by the school's clock."""
        return moment.astimezone(self.zone).isoformat()

    def card(self, run: AnyRow) -> Card:
        """The card that is up in a run; the last, where cards have gone meanwhile."""
        return self.script.cards[self.number(run) - 1]

    def number(self, run: AnyRow) -> int:
        """Its number, from 1."""
        return min(int(run.position) + 1, len(self.script.cards))

    def elsewhere_is(self, run: AnyRow) -> Saying:
        """Where a run is, for a tap on a message it is no longer in."""
        context = {"n": self.number(run), "total": len(self.script.cards), "over": run.ended_at is not None}
        return Saying("practice_elsewhere", context)

    def say(self, saying: Saying) -> Draft:
        """A new message."""
        return self.scene.voice(self.channel or None, f"practice:{self.key}", self.now).say(saying)

    def anew(self, run: AnyRow, saying: Saying) -> Draft:
        """The run's message in its place; a new one where it is not known where that stands."""
        if not run.ts:
            return self.say(saying)
        voice = self.scene.voice(run.channel, f"practice:{self.key}", self.now)
        return voice.draft(Kind.UPDATE, {**saying.payload(voice.language), "ts": run.ts})

    def adopt(self, run: AnyRow) -> AnyRow:
        """The run, which is from now on in the message that was tapped, if it had no place yet."""
        if run.ts or not self.ts or not self.channel:
            return run
        return runs.change(self.connection, run, channel=self.channel, ts=self.ts)

    def elsewhere(self, run: AnyRow) -> bool:
        """Whether the tap was on an older message than the run's."""
        return bool(run.ts) and self.ts != run.ts

    def waits(self) -> Saying | None:
        """What is said instead while a person is to read what the student wrote; None where nobody is awaited."""
        if self.scene.status != "held":
            return None
        level = answers.last_alarm(self.connection, self.scene) or "look"
        return safeguarding.fixed_words(self.connection, self.scene, level, first=False)
