"""The demo: one student's quarter from hello to looking back, with the real bot in a practice workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date, datetime
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import CoachError
from bot.practice import outcome
from bot.practice.conversation import A_MOMENT, Conversation
from bot.practice.ledger import Entry, called, twice
from bot.practice.looks import show_look
from bot.practice.outcome import Agenda
from bot.practice.page import Page
from bot.practice.refusal import PracticeError
from bot.practice.script import Scene, Script, ScriptError, Step, read_script, strangers
from bot.practice.stage import MONDAY, Stage, stage
from bot.practice.weeks import Weeks
from bot.school import School, read_school
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.store.migrate import migrate
from bot.store.session import Store

SCHOOL = ZoneInfo("America/New_York")
"""Where the sample school is."""


class DemoError(CoachError):
    """The agenda did not arrive, or something came twice or not at all."""


def demo(script: Path | None = None, page: Page | None = None) -> None:
    """Play a script, the packaged one if None is given, and show what everybody sees in the end.

    ScriptError where it and the coach do not go together; DemoError if the agenda is not in the channel.
    """
    play = read_script(script) if script else packaged()
    with on_stage(play.away, play.guests, play.starts) as here:
        perform(here, play, page or Page())


def packaged() -> Script:
    """The script that ships with the project."""
    with as_file(files("bot.practice") / "demo.toml") as path:
        return read_script(path)


@contextmanager
def on_stage(
    away: Collection[str] = (), guests: Collection[str] = (), starts: datetime | None = None
) -> Iterator[Stage]:
    """The sample school with the bot in it, on a database that is gone afterwards. `starts`: on the school's clock."""
    now = starts.replace(tzinfo=SCHOOL) if starts is not None else MONDAY
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/coach.db"
        store = Store(url)
        migrate(store)
        store.close()
        with stage(url, now=now, away=away) as here:
            for guest in guests:
                if guest in here.people:
                    here.people[guest].guest = True
            yield here


def perform(here: Stage, script: Script, page: Page) -> Agenda:
    """Play a script on a stage that is set; the agenda that came of it. DemoError if not all is as it should be."""
    if unknown := strangers(script, here.people):
        raise ScriptError("\n".join(unknown))
    talk = Conversation(here, page, script.student, here.zone)
    weeks = Weeks(here, page, talk, [here.people[one].id for one in script.answering])
    head(here, page, talk)
    if script.starts is not None:
        weeks.begin()
    others: dict[str, Conversation] = {}
    for number, scene in enumerate(script.scene):
        if scene.at is not None:
            weeks.until(scene.at)
        elif number == 0:
            talk.begin()
        if scene.who and (scene.at is not None or scene.who not in others):
            others[scene.who] = Conversation(here, page, scene.who, here.zone, headings=False)
        after = script.scene[number + 1] if number + 1 < len(script.scene) else None
        goes_on = after is not None and after.at is None and bool(after.flow) and not after.brief
        _scene(here, page, others[scene.who] if scene.who else talk, scene, number, goes_on=goes_on)
    if script.ends is not None:
        weeks.until(script.ends)
    weeks.end()
    arrived = outcome.agenda(here, talk.person)
    if script.view:
        page.heading(f"{talk.today}: what each of them sees")
    for look in script.view:
        show_look(here, page, look, arrived)
    entries = weeks.ledger.entries(here, weeks.student)
    if script.starts is not None:
        page.heading("What was sent to whom, and why", f"{talk.name} and the adults around her")
        page.told(entries.told, entries.others)
    summary(here, page, talk, arrived)
    return _checked(here, arrived, twice(entries.told))


def _checked(here: Stage, arrived: Agenda | None, again: Sequence[Entry]) -> Agenda:
    """The agenda, if all is as it should be; DemoError says what is not."""
    said = outcome.sent(here)
    if arrived is None:
        raise DemoError("The agenda did not arrive in the conference's channel. The conversation above shows why.")
    if said.doubled or again:
        told = ", ".join(f"{one.step} to {one.to} on {one.at:%d %B}" for one in again) or f"{said.doubled} messages"
        raise DemoError(f"Something was sent more than once: {told}.")
    if said.waiting:
        raise DemoError(f"{said.waiting} messages still wait that should have gone by now.")
    return arrived


def head(here: Stage, page: Page, talk: Conversation) -> None:
    """What this is, before it begins."""
    page.title(
        "Conference Coach",
        f"{talk.person.name} prepares a conference of her own. The school is invented.",
        "The bot is real; its Slack is a stand-in on this machine.",
    )


def summary(here: Stage, page: Page, talk: Conversation, arrived: Agenda | None, *, due: bool = True) -> None:
    """What was stored and sent, and where the agenda stands. `due`: it ought to have arrived."""
    kept, said = outcome.stored(here, talk.person), outcome.sent(here)
    once = "each exactly once" if not said.doubled else f"{said.doubled} of them more than once"
    left = "nothing waits" if not said.waiting else f"{said.waiting} still wait"
    page.heading("What came of it")
    versions = f"{_many(kept.answers, 'answer')} ({_many(kept.revisions, 'version')})"
    page.outcome(True, "Stored", f"{versions}, {_approved(kept.approvals)}")
    page.outcome(not said.doubled and not said.waiting, "Sent", f"{_many(said.messages, 'message')}, {once}; {left}")
    page.outcome((arrived is not None) or (False if due else None), "Agenda", _stands(arrived))


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _approved(times: int) -> str:
    return {0: "not approved yet", 1: "approved once"}.get(times, f"approved {times} times")


def _stands(arrived: Agenda | None) -> str:
    if arrived is None:
        return "not in the channel yet"
    pinned = "pinned in" if arrived.pinned else "in"
    return f"{arrived.lines} lines, {pinned} #{arrived.channel.name}, where {len(arrived.readers)} people read it"


def _scene(here: Stage, page: Page, talk: Conversation, scene: Scene, number: int, *, goes_on: bool) -> None:
    title = here.bot.house.words.flow("en", scene.flow).title if scene.flow else scene.title
    if scene.title:
        page.heading(scene.title, talk.today)
    if scene.who and scene.at is not None:
        with talk.unseen() if scene.brief else nullcontext():
            talk.recall(scene.steps[0].taps if scene.steps else "")
    talk.name = scene.name or called(talk.person.name)
    if scene.flow and f"{title} · " not in talk.last:
        raise ScriptError(
            f"The script is at “{title}”, but the coach has not asked anything of it. It said:\n{talk.last}"
        )
    if not scene.brief:
        talk.shown(again=bool(scene.flow))
    if scene.books:
        book(here, scene.books)
    for student, words in scene.meanwhile.items():
        _meanwhile(here, student, words)
    with talk.unseen() if scene.brief else nullcontext():
        for place, step in enumerate(scene.steps, 1):
            try:
                _step(here, talk, step)
            except (ScriptError, PracticeError) as error:
                raise ScriptError(f"{title or f'scene.{number}'}, step {place}: {error}") from error
    if scene.brief:
        last = "" if goes_on else talk.last.partition("\n")[0]
        page.brief(talk.name, [_in_short(step) for step in scene.steps], last)
    arrived = outcome.agenda(here, talk.person) if scene.look and not scene.who else None
    if scene.look:
        page.line()
    for look in scene.look:
        show_look(here, page, look, arrived)


def _in_short(step: Step) -> str:
    if step.taps:
        return " ".join((f"[{step.taps}]", *(f"“{words}”" for words in list(step.fills.values())[:1])))
    if step.commands:
        return f"/conference {step.commands}"
    return f"📎 {step.sends} “{step.says}”" if step.sends else f"“{step.says or step.to}”"


def _step(here: Stage, talk: Conversation, step: Step) -> None:
    here.wait(seconds=step.after)
    if step.waits:
        talk.wait(step.waits)
    elif step.taps:
        (talk.tap_in_channel if step.in_channel else talk.tap)(step.taps, step.note, step.fills)
    elif step.commands:
        talk.command(step.commands, step.note, step.fills)
    elif step.edits:
        talk.edit(step.edits, step.to, step.note)
    elif step.line:
        talk.decide(talk.line(step.line), step.to, step.note)
    else:
        talk.say(step.says, step.sends, step.note)


def book(here: Stage, when: Mapping[str, datetime]) -> None:
    """The school loads further conferences: for each student another like the last, at that time of its clock."""
    house, workspace = here.bot.house, here.workspace.team_id
    with as_file(files("bot.practice") / "school") as folder:
        school = read_school(folder, house.words.catalog.languages)
    before = {one.student: one for one in school.conferences}
    more = [
        replace(before[student], date=at.date(), time=f"{at:%H:%M}", term=_term_of(school, at.date()))
        for student, at in when.items()
    ]
    with house.store.write() as connection:
        whole = replace(school, conferences=(*school.conferences, *more))
        changes = load_school(connection, workspace, whole, here.clock())
        drafts = followed(connection, house.outbox, workspace, changes, here.clock(), mails=False)
        house.outbox.put(connection, drafts, here.clock())
    here.plan()


def _term_of(school: School, day: date) -> str:
    return next(term.name for term in school.terms if term.starts <= day <= term.ends)


def _meanwhile(here: Stage, student: str, words: Collection[str]) -> None:
    """Another student taps and types, unseen."""
    person = here.people[student]
    person.open_home("messages")
    here.wait(seconds=A_MOMENT)
    for one in words:
        buttons = person.sees()[-1].buttons
        if one in buttons:
            person.tap(one)
        else:
            person.dm(one)
        here.wait(seconds=A_MOMENT)
