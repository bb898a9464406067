"""The way of a conversation through its flows, within one turn: each event goes into the flow it belongs to, what
follows is stored and said, and where a flow ends the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference.answers import Spot as Place
from bot.dialogue.coach import Rule
from bot.dialogue.engine import advance, goal_labels
from bot.dialogue.events import (
    Act,
    Ask,
    Begin,
    Command,
    Develop,
    Do,
    Effect,
    Event,
    Finished,
    Hold,
    Keep,
    Note,
    Revisit,
    Said,
    Say,
)
from bot.dialogue.flow import Flow, Kind, Rounds
from bot.dialogue.path import fitting
from bot.dialogue.state import Spot, State
from bot.services import safeguarding
from bot.services.house import House
from bot.services.nudges import reminders
from bot.services.script.runs import LEAD_MODE, SCRIPT
from bot.services.speech import Saying
from bot.services.talk import answers, approval, gathered, recurring, review
from bot.services.talk.scene import Scene, over, park, parked, parked_one
from bot.services.talk.telling import FINAL, Teller
from bot.store.models import Item
from bot.words import APPROVE, LEVELS, QUARTER


class Course:
    """Where a conversation is as its turn goes on. `scene` changes; what was kept is stored, what is said is told."""

    def __init__(self, house: House, connection: Connection, scene: Scene, told: Teller, now: datetime) -> None:
        self.house = house
        self.connection = connection
        self.now = now
        self.told = told
        self.scene = self._fitted(scene)
        self.screened = False  # the safety screen matched what was just said
        self.kept: set[Act] = set()  # what became of answers that an agenda may show
        self._alarming: dict[tuple[str, str], int] = {}
        self._changed: list[Place] = []  # the answer that was just given
        self._back = False  # from changing one line of the agenda
        self._after = ""  # the flow that just ended: its closing words open the next question

    @property
    def coach(self) -> Any:
        """The coach of the student's language."""
        return self.house.words.coach(self.scene.language)

    @property
    def _flow(self) -> Flow:
        return self.house.words.flow(self.scene.language, self.scene.flow, self.scene.level)

    def _fitted(self, scene: Scene) -> Scene:
        """Without what the words and the level no longer ask. Where that was the open question, no flow is open: the
        student finds it begun in the menu."""
        if not scene.flow:
            return scene
        state = self._fitting(scene, scene.flow, scene.state)
        if state.spot is not None or scene.state.spot is None:
            return scene._replace(state=state)
        park(self.connection, scene, scene.flow, state)
        return scene._replace(flow="", state=State())

    def _fitting(self, scene: Scene, flow: str, state: State) -> State:
        return fitting(self.house.words.flow(scene.language, flow, scene.level), state)

    # Through the open flow

    def advance(self, event: Event, *, quietly: bool = False) -> None:
        """Take an event in where the conversation is. quietly: without asking on."""
        state, effects = advance(self._flow, self.coach, self.scene.state, event)
        self.scene = self.scene._replace(state=state)
        self._store([effect for effect in effects if isinstance(effect, Keep)])
        for effect in effects:
            if not (quietly and isinstance(effect, Ask | Do | Finished)):
                self._apply(effect)

    def advance_in(self, flow: str, event: Event) -> bool:
        """Take an event in where it belongs, though another flow is open, which keeps the word. False if it is gone."""
        here, states = self.scene, parked(self.connection, self.scene)
        state = self._fitting(here, flow, states[flow]) if flow in states else None
        if state is None or not (isinstance(event, Said) or state.heard(getattr(event, "ts", ""))):
            return False
        self.scene = here._replace(flow=flow, state=state)
        self.advance(event, quietly=True)
        park(self.connection, self.scene, flow, self.scene.state)
        held = "held" if self.scene.status == "held" else here.status
        self.scene = here._replace(status=held)
        return True

    def _store(self, kept: Sequence[Keep]) -> None:
        self._changed = [Place(self.scene.flow, *keep.spot) for keep in kept[-1:]] or self._changed
        if self.scene.flow not in QUARTER:  # which no agenda shows
            self.kept.update(Act.WITHDRAWN if keep.alarm else keep.act for keep in kept)
        for keep in kept:
            if not keep.alarm:
                answers.keep(self.connection, self.scene, keep, self.now)
        self._alarming |= {
            (keep.ts, keep.revised): answers.keep_alarming(self.connection, self.scene, keep, self.now)
            for keep in kept
            if keep.alarm
        }

    def _apply(self, effect: Effect) -> None:
        match effect:
            case Ask() if self.scene.flow not in (*LEVELS[self.scene.level], *QUARTER):
                self.start_or_menu()  # the school has moved down since: what was said is kept, and no more is asked
            case Ask():
                self._ask(effect)
            case Say():
                self.told.note(self.scene, effect.note)
            case Develop():
                self._develop(effect)
            case Do():
                self.command(effect)
            case Hold():
                self._hold(effect)
            case Finished():
                self._finish()

    def _ask(self, ask: Ask) -> None:
        if self.scene.flow == APPROVE and ask.spot == FINAL and not ask.rule:
            self.told.agenda(self.scene, self._changed if self._back else None)
            ask = replace(ask, now="")
        self.told.ask(self.scene, ask, self._after, self._offered(ask))
        self._after = ""

    def _offered(self, ask: Ask) -> list[gathered.Piece]:
        """The work of the quarter, where a piece of work is asked for."""
        if self.scene.flow not in gathered.FITTING or ask.rule not in ("", Rule.EMPTY):
            return []
        wanted = any(one.id == ask.spot.question and one.kind is Kind.EVIDENCE for one in self._flow.questions)
        return list(self.pieces().values())[: gathered.OFFERED] if wanted else []

    def pieces(self) -> dict[str, gathered.Piece]:
        """What was gathered for the open flow, by its number."""
        if self.scene.flow not in gathered.FITTING:
            return {}
        about = (self.scene.workspace, self.scene.conversation, self.scene.flow)
        return {str(piece.id): piece for piece in gathered.pieces(self.connection, *about)}

    def _develop(self, effect: Develop) -> None:
        if self.scene.flow in QUARTER:
            return
        review.set_item(
            self.connection, self.scene.workspace, self.scene.conference, self.scene.flow, effect.spot,
            {Item.develop: effect.rule},
        )  # fmt: skip

    # From one flow into another

    def open(self, flow: str) -> None:
        """Go into a flow of the student's level or of the quarter, at the question where it was left."""
        if flow in (SCRIPT, LEAD_MODE):
            self.told.cards(self.scene, lead=flow == LEAD_MODE)
            return
        if flow not in (*LEVELS[self.scene.level], *QUARTER) or not recurring.may_open(self.scene, flow, self.now):
            self.told.note(self.scene, Note.ALREADY_ANSWERED)
            return
        if flow == gathered.CHECK_IN and not self._goals_to_check():
            self.told.no_goals(self.scene)
            return
        ended = self._after
        self.switch(flow)
        if flow in QUARTER:
            self.scene = self.scene._replace(state=recurring.continued(self.scene, self.now))
        self.scene = self.scene._replace(back_to="", came_from=ended, status="open")
        looking_again = flow == APPROVE and self.scene.state.done
        self.advance(Revisit(FINAL) if looking_again else self._begin(flow))

    def reopen(self, flow: str, spot: Spot) -> None:
        """Open one answer again, and come back afterwards to the flow that is open now."""
        back_to = self.scene.flow if self.scene.flow != flow else self.scene.back_to
        self.switch(flow)
        self.scene = self.scene._replace(back_to=back_to, status="open")
        self.advance(Revisit(spot))

    def start_or_menu(self, after: str = "") -> None:
        """The open question, else the first flow not done yet (after the one that just ended), else the menu."""
        running = recurring.running(self.scene, self.now)
        if not self.scene.conference and not running:
            self.scene = self.scene._replace(status="new")
            self._menu("")
            return
        if self.scene.status == "paused":
            self.told.say(Saying("resumed", {"student": self.scene.student}))
        self.scene = self.scene._replace(status="open")
        if running or (self.scene.flow in LEVELS[self.scene.level] and not self.scene.state.done):
            self.advance(self._begin(self.scene.flow))
            return
        following = self._following(after)
        if following is None:
            self._menu("")
        else:
            self.open(following)

    def _following(self, after: str = "") -> str | None:
        """The first flow of the student's level that is not done yet, after the one that just ended if there is one."""
        done = over(self.connection, self.scene)
        if not self.scene.approved:
            done.discard(APPROVE)
        flows = LEVELS[self.scene.level]
        later = flows[flows.index(after) + 1 :] if after in flows else ()
        return next((flow for flow in (*later, *flows) if flow not in done), None)

    def switch(self, flow: str) -> None:
        """Leave the open flow where it stands, and take up another where that was left."""
        if flow == self.scene.flow:
            return
        state = self._fitting(self.scene, flow, parked_one(self.connection, self.scene, flow) or State())
        if self.scene.flow:
            park(self.connection, self.scene, self.scene.flow, self.scene.state)
        self.scene = self.scene._replace(flow=flow, state=state, came_from="")

    def _begin(self, flow: str) -> Begin:
        if flow in QUARTER:
            return Begin(self._goals_to_check() if self._flow.rounds is Rounds.GOALS else ())
        labels = self._goals() if self._flow.rounds is Rounds.GOALS else ()
        begun = bool(self.scene.state.replies)
        return Begin(labels, {} if begun else review.carried(self.connection, self.scene, flow))

    def _goals(self) -> tuple[str, ...]:
        state = parked_one(self.connection, self.scene, "goals") if self.scene.flow != "goals" else None
        return goal_labels(self.house.words.flow(self.scene.language, "goals"), state) if state is not None else ()

    def _goals_to_check(self) -> tuple[str, ...]:
        return gathered.goals(self.connection, self.scene.workspace, self.scene.conversation)

    def _finish(self) -> None:
        ended = self.scene.flow
        if self.scene.back_to:
            back_to = self.scene.back_to
            self.scene = self.scene._replace(back_to="")
            self._back = True
            self.switch(back_to)
            self.advance(Begin())
        elif ended == APPROVE:
            self.scene = approval.approve(self.house, self.connection, self.scene, self.told, self.now)
        elif ended in QUARTER:
            self.told.kept(self.scene, self._following())
        else:
            self._after = ended
            self.start_or_menu(after=ended)

    def wake(self) -> None:
        """Whoever answers is no longer taking a break."""
        if self.scene.status in ("new", "paused"):
            self.scene = self.scene._replace(status="open")

    # Aside from the flows

    def command(self, do: Do, *, nothing_open: bool = False) -> None:
        """What the student asked for by its name."""
        match do.command:
            case Command.PAUSE:
                self.scene = self.scene._replace(status="paused")
                self.told.paused(self.scene)
            case Command.HELP:
                self.told.help(self.scene, do.spot)
            case Command.PREVIEW if self.scene.conference:
                self.told.preview(self.scene)
            case Command.PRACTICE if self.scene.conference:
                self.told.cards(self.scene)
            case Command.QUIET | Command.REMIND:
                wanted = do.command is Command.REMIND
                reminders.wish(self.connection, self.scene.workspace, self.scene.person, wanted, self.now)
                self.told.say(reminders.wishes("student", self.scene.student, wanted))
            case _:
                self._menu("nothing_open" if nothing_open else "")

    def _menu(self, note: str) -> None:
        if note and self.scene.conference:
            self.told.note(self.scene, Note(note))
        self.told.menu(self.scene)

    def compare_with_approval(self) -> None:
        """After a change to an approved agenda."""
        withdrawn = Act.WITHDRAWN in self.kept
        self.scene = approval.compare(
            self.house, self.connection, self.scene, self.told, self.now, withdrawn=withdrawn
        )  # fmt: skip

    def hold_all(self, ts: str, text: str, level: str) -> None:
        """Words for a person to read that came from elsewhere; the flow that is open waits too."""
        if self.scene.flow and not self.scene.state.done:
            self.scene = self.scene._replace(state=replace(self.scene.state, held=level))
        self.hold_outside(ts, ts, Act.SAID, text, level)

    def hold_outside(self, ts: str, revised: str, act: Act, text: str, level: str) -> None:
        """The screen matched, or something was said while a person is awaited, and no question is open."""
        keep = Keep(Spot("", 0), ts, revised, act, text, alarm=level)
        answer = answers.keep_alarming(self.connection, self.scene, keep, self.now)
        self.await_a_person(answer, level, first=self.scene.status != "held")

    def _hold(self, hold: Hold) -> None:
        self.await_a_person(self._alarming[hold.ts, hold.revised], hold.level, first=hold.first)

    def await_a_person(self, answer: int, level: str, *, first: bool) -> None:
        """The fixed words for the student; an alert where the screen matched, not for what is said while waiting."""
        self.scene = self.scene._replace(status="held")
        self.told.a_person_reads_it(self.scene, level, first=first)
        if self.screened:
            self.told.drafts += safeguarding.raise_alert(self.connection, self.scene, answer, level, self.now)
