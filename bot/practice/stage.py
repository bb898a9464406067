"""The sample school in a practice workspace with the real bot in it: what the demo plays on, and the tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.app import Bot, build, ready
from bot.practice import HandClock, PracticeWorkspace
from bot.practice.people import Person
from bot.school import School, read_school
from bot.services.leaving import ledger
from bot.services.nudges.quarter import Quarter, quarter_of, replan
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from bot.services.roster.school import time_zone
from bot.settings import Settings
from bot.slack.caps import UNCAPPED, Caps
from bot.slack.manifest import manifest
from bot.store.keyring import Keyring
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import State, deliveries
from scheduler.pace import UNLIMITED

MONDAY = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
"""Ten days before the sample school's first conference, in the morning there."""

PLANS = time(5)
"""The hour of school mornings at which the bot plans while time passes; what it plans hourly comes to the same."""
SATURDAY = 5


@dataclass(frozen=True)
class Stage:
    """A workspace, a bot in it, a school loaded, and a clock that moves only when told."""

    workspace: PracticeWorkspace
    bot: Bot
    clock: HandClock
    people: dict[str, Person]

    def run(self) -> None:
        """Let the bot do all that is due."""
        self.bot.dispatcher.run_due()

    @property
    def zone(self) -> ZoneInfo:
        """The school's own time zone."""
        with self.bot.house.store.read() as connection:
            return ZoneInfo(time_zone(connection, self.workspace.team_id))

    def plan(self) -> Quarter:
        """Let the bot plan the quarter, as it does every hour; the plan."""
        house, workspace, now = self.bot.house, self.workspace.team_id, self.clock()
        replan(house.store, house.outbox, workspace, now, mails=house.mails)
        with house.store.read() as connection:
            return quarter_of(connection, workspace, now)

    def until(self, moment: datetime, planned: Callable[[Quarter], None] = lambda _quarter: None) -> Iterator[datetime]:
        """Let time pass up to a moment, from one thing that is due to the next, and the bot do each when it is.

        Gives the instants at which something was due. `planned` gets the plan of each morning that comes.
        """
        zone = self.zone
        self.run()
        while True:
            morning, due = self._morning(zone), self._due()
            coming = min(morning, due) if due is not None else morning
            if coming > moment:
                break
            self.clock.set(coming)
            if coming == morning and coming.weekday() < SATURDAY:
                planned(self.plan())
            self.run()
            yield coming
        self.clock.set(max(moment, self.clock()))
        self.run()

    def _morning(self, zone: ZoneInfo) -> datetime:
        """When the next morning's plan is."""
        now = self.clock().astimezone(zone)
        today = datetime.combine(now.date(), PLANS, zone)
        return today if today > now else datetime.combine(now.date() + timedelta(days=1), PLANS, zone)

    def _due(self) -> datetime | None:
        """When the next of what waits is due, from now on."""
        here = deliveries.c.workspace == self.workspace.team_id
        waits = deliveries.c.state.in_([State.SCHEDULED, State.UNKNOWN])
        with self.bot.house.store.read() as connection:
            due: datetime | None = connection.scalar(
                select(func.min(deliveries.c.next_at)).where(here, waits, deliveries.c.next_at > self.clock())
            )
        return due

    def wait(self, **parts: float) -> None:
        """Let time pass, and the bot do what comes due."""
        self.clock.advance(**parts)
        self.run()


@contextmanager
def stage(
    store_url: str, words: Words | None = None, now: datetime = MONDAY, away: Collection[str] = ()
) -> Iterator[Stage]:
    """Set the sample school up on a database that has its tables; taken down again at the end.

    `away`: roster ids of people who have no Slack account, whatever their e-mail address says.
    """
    with (
        as_file(files("bot.practice") / "school") as folder,
        set_up(store_url, folder, words or Words.load(), now, away) as it,
    ):
        yield it


@contextmanager
def set_up(
    store_url: str,
    folder: Path,
    words: Words,
    now: datetime,
    away: Collection[str] = (),
    smtp_url: str = "",
    caps: Caps = UNCAPPED,
    keys: str = "",
    team: str = "T0PRACTICE",
) -> Iterator[Stage]:
    """The same with a school of one's own, a mail server and ENCRYPTION_KEYS, if they are given. `caps`: time passes
    fast on stage. `team`: Slack's id of the workspace."""
    clock = HandClock(now)
    school = read_school(folder, words.catalog.languages)
    workspace = PracticeWorkspace(manifest(), clock, name=school.name, team_id=team)
    try:
        people = {
            person.key: workspace.person(person.name, f"U{person.key.upper()}", person.email, school.time_zone)
            for person in school.people
            if person.email and person.key not in away
        }
        store = Store(store_url, Keyring.read(keys))
        enrol(store, workspace, school, now)
        store.close()
        settings = Settings(
            bot_token=workspace.bot_token, app_token=workspace.app_token, signing_secret=workspace.signing_secret,
            api_url=workspace.api_url, database_url=store_url,
            smtp_url=smtp_url, mail_from="coach@school.example" if smtp_url else "", encryption_keys=keys,
            erasures=None if store_url.startswith("sqlite") else folder.parent / ledger.NAME,
        )  # fmt: skip
        bot = build(settings, words, clock=clock, limits=UNLIMITED, caps=caps)
        ready(bot)
        workspace.attach(bot.app)
        yield Stage(workspace, bot, clock, people)
        bot.stop()
    finally:
        workspace.close()


def enrol(store: Store, workspace: PracticeWorkspace, school: School, now: datetime) -> None:
    """Load the school, and find its people among the workspace's members."""
    with store.write() as connection:
        load_school(connection, workspace.team_id, school, now)
        members = [Member(person.id, person.email, person.tz) for person in workspace.people.values()]
        match_members(connection, workspace.team_id, members)
