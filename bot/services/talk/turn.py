"""One turn of a student's conversation: where it goes, in one transaction; what is said on the way is in `telling`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference.answers import Spot as Place
from bot.dialogue.coach import Rule
from bot.dialogue.engine import PIECE, advance, goal_labels
from bot.dialogue.events import (
    Act,
    Ask,
    Begin,
    Command,
    Deleted,
    Develop,
    Do,
    Edited,
    Effect,
    Event,
    Finished,
    Hold,
    Keep,
    Note,
    Revisit,
    Said,
    Say,
    Tapped,
)
from bot.dialogue.flow import Flow, Kind, Rounds
from bot.dialogue.path import fitting
from bot.dialogue.state import Spot, State
from bot.services import safeguarding
from bot.services.channels import channel, opening
from bot.services.command import vocabulary
from bot.services.house import House
from bot.services.nudges import reminders
from bot.services.script.runs import LEAD_MODE, SCRIPT
from bot.services.speech import Saying
from bot.services.talk import answers, gathered, recurring, review
from bot.services.talk.scene import Scene, over, park, parked, parked_one, save
from bot.services.talk.telling import FINAL, Teller
from bot.store.models import Item
from bot.taps import Ref
from bot.words import APPROVE, LEVELS, QUARTER
from scheduler.outbox import Delivery

_ASKED_FOR = frozenset(
    {
        Command.PAUSE, Command.HELP, Command.PREVIEW, Command.MENU, Command.QUIET, Command.REMIND, Command.PRACTICE,
    }
)  # fmt: skip
"""What can be asked for by its name while no question is open."""


class Turn:
    """A turn in progress: the scene as it changes, what is to be stored, what is to be said."""

    def __init__(
        self, house: House, connection: Connection, scene: Scene, channel: str, key: str, now: datetime
    ) -> None:
        self.house = house
        self.connection = connection
        self.scene = self._fitted(scene)
        self.now = now
        self.told = Teller(house, connection, scene.voice(channel, f"turn:{key}", now))
        self._kept: set[Act] = set()
        self._alarming: dict[tuple[str, str], int] = {}
        self._changed: list[Place] = []  # the answer that was just given
        self._back = False  # from changing one line of the agenda
        self._screened = False  # the safety screen matched what was just said
        self._after = ""  # the flow that just ended: its closing words open the next question

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

    # What a student does

    def hear(self, event: Said | Edited | Deleted) -> list[Delivery]:
        """A message, an edit, a deletion."""
        if isinstance(event, Said | Edited):
            level = self.house.words.safety.screen(event.written)
            self._screened = level is not None
            if level is not None:  # with it is kept what it was found in
                event = replace(event, alarm=level.value, text=event.written)
        if isinstance(event, Said):
            self._say_to_flow(replace(event, asked_at=self.scene.asked_at))
        else:
            self._change_in_flow(event)
        return self._end()

    def tap(self, ref: Ref, choices: tuple[str, ...], ts: str) -> list[Delivery]:
        """A button under a question, in the menu, or in the review."""
        if ref.choice == "open":
            self.open(ref.flow)
        elif ref.choice == "what_is_this":
            self.told.what_is_this(self.scene)
        elif ref.choice == opening.POST_NOW:
            self._post_now(ref.prompt)
        elif ref.flow not in ("", self.scene.flow):
            self._note(Note.ALREADY_ANSWERED)
        elif ref.choice in (f"cmd:{Command.START}", f"cmd:{Command.NEXT}"):
            self._start_or_menu()
        elif self.scene.flow and ref.flow:
            self._wake()
            self._advance(self._tapped(ref, choices or (ref.choice,), ts))
        elif ref.choice.removeprefix("cmd:") in set(Command):
            self._command(Do(Command(ref.choice.removeprefix("cmd:"))))
        else:
            self._note(Note.ALREADY_ANSWERED)
        return self._end()

    def _tapped(self, ref: Ref, choices: tuple[str, ...], ts: str) -> Tapped:
        """With the piece of work that is meant, where one was offered."""
        kind, _, number = choices[0].partition(":")
        piece = self._pieces().get(number) if kind == PIECE else None
        works, text = (piece.works, piece.text) if piece is not None else ((), "")
        return Tapped(ts, ref.prompt, choices, works, text)

    def _pieces(self) -> dict[str, gathered.Piece]:
        """What was gathered for the open flow, by its number."""
        if self.scene.flow not in gathered.FITTING:
            return {}
        about = (self.scene.workspace, self.scene.conversation, self.scene.flow)
        return {str(piece.id): piece for piece in gathered.pieces(self.connection, *about)}

    def change(self, flow: str, spot: Spot) -> list[Delivery]:
        """Open one answer again, and come back to the review afterwards."""
        back_to = self.scene.flow if self.scene.flow != flow else self.scene.back_to
        self._switch(flow)
        self.scene = self.scene._replace(back_to=back_to, status="open")
        self._advance(Revisit(spot))
        return self._end()

    def open(self, flow: str) -> None:
        """Go into a flow of the student's level or of the quarter, at the question where it was left."""
        if flow in (SCRIPT, LEAD_MODE):
            self._practise(lead=flow == LEAD_MODE)
            return
        if flow not in (*LEVELS[self.scene.level], *QUARTER) or not recurring.may_open(self.scene, flow, self.now):
            self._note(Note.ALREADY_ANSWERED)
            return
        if flow == gathered.CHECK_IN and not self._goals_to_check():
            self.told.no_goals(self.scene)
            return
        ended = self._after
        self._switch(flow)
        if flow in QUARTER:
            self.scene = self.scene._replace(state=recurring.continued(self.scene, self.now))
        self.scene = self.scene._replace(back_to="", came_from=ended, status="open")
        looking_again = flow == APPROVE and self.scene.state.done
        self._advance(Revisit(FINAL) if looking_again else self._begin(flow))

    def _practise(self, *, lead: bool = False) -> None:
        """To the cards, which are no flow: the question that is open stays open."""
        from bot.services.script import scripting

        offer = scripting.led if lead else scripting.offered
        offered = offer(self.house, self.connection, self.scene, self.now)
        if offered is None:
            self._menu("")
        else:
            self.told.say(offered)

    def _promises(self) -> None:
        """What was agreed, and the button to add to it."""
        from bot.services.afterwards import committing

        about = (self.scene.workspace, self.scene.conference, self.scene.language)
        self.told.say(committing.list_of(self.house, self.connection, *about))

    def start(self) -> list[Delivery]:
        """Go to the open question, or to the first flow that is not done."""
        self._start_or_menu()
        return self._end()

    def resume(self) -> list[Delivery]:
        """Go on in another place than before. Where a person is awaited, that stands there too."""
        if self.scene.status == "held":
            level = answers.last_alarm(self.connection, self.scene) or "look"
            self.told.a_person_reads_it(self.scene, level, first=False)
        else:
            self._start_or_menu()
        return self._end()

    def hold(self, text: str, level: str) -> list[Delivery]:
        """Words the screen matched in a window of the student's: kept and read by a person, as if they had been typed
        here. The flow that is open waits too."""
        if self.scene.flow and not self.scene.state.done:
            self.scene = self.scene._replace(state=replace(self.scene.state, held=level))
        self._screened, ts = True, f"{self.now.timestamp():.6f}"
        self._hold_outside(ts, ts, Act.SAID, text, level)
        return self._end()

    def show(self, command: Command) -> list[Delivery]:
        """Menu, preview or help, asked for from elsewhere than the conversation."""
        self._command(Do(command))
        return self._end()

    def compare_with_approval(self) -> None:
        """After a change to an approved agenda: what was taken back leaves the channel, what is new asks for approval.

        The question comes once, and not while the student is looking at the agenda anyway.
        """
        if Act.WITHDRAWN in self._kept:
            key = f"taken:{self.told.voice.key}"
            about = (self.scene.workspace, self.scene.conference)
            self.told.drafts += channel.again(self.connection, *about, key, self.now)
        looking = self.scene.flow == APPROVE and not self.scene.state.done
        if self.scene.approved > 0 and not looking and review.changed(self.house, self.connection, self.scene):
            self.scene = self.scene._replace(approved=-self.scene.approved)
            self.told.approval_needed(self.scene)

    def decided(self) -> list[Delivery]:
        """No words changed, but who sees them did."""
        self._kept.add(Act.WITHDRAWN)
        return self._end()

    # Into the flow, and out of it

    def _say_to_flow(self, said: Said) -> None:
        command = self._coach.control(said.text)
        if self.scene.status == "paused" and command in (Command.START, Command.NEXT):
            self._start_or_menu()
        elif self._still_on_the_last(said):
            self._advance_in(self.scene.came_from, said)
        elif self.scene.flow and not self.scene.state.done:
            self._wake()
            self._advance(said)
        elif said.alarm or (self.scene.status == "held" and command not in (Command.START, Command.NEXT)):
            last = answers.last_alarm(self.connection, self.scene)
            self._hold_outside(said.ts, said.ts, Act.SAID, said.text, said.alarm or last or "look")
        else:
            self._outside(said)

    def _still_on_the_last(self, said: Said) -> bool:
        """Typed before this flow's first question was shown: it belongs to the flow before."""
        unseen = said.asked_at is None or float(said.ts) < float(said.asked_at)
        waiting = self.scene.status == "held" or said.alarm
        return bool(unseen and self.scene.came_from and self.scene.state.before is None and not waiting)

    def _wake(self) -> None:
        """Whoever answers is no longer taking a break."""
        if self.scene.status in ("new", "paused"):
            self.scene = self.scene._replace(status="open")

    def _outside(self, said: Said) -> None:
        """Typed while no question is open."""
        late = self.scene.flow and self.scene.asked_at is None and self.scene.state.before is not None
        command = self._coach.control(said.text)
        named = "" if command else self._named(said.text)
        if command in (Command.START, Command.NEXT) or (
            self.scene.status == "new" and self._coach.yes_no(said.text) is True
        ):
            self._start_or_menu()
        elif command in _ASKED_FOR:
            self._command(Do(Command(command)))
        elif named in ("practice", "lead") and self.scene.conference:
            self._practise(lead=named == "lead")
        elif named and self.scene.conference:
            self._promises()
        elif (command == Command.BACK and self.scene.flow) or late:
            self._advance(said)
        else:
            self._command(Do(Command.MENU), nothing_open=True)

    def _named(self, text: str) -> str:
        """What is asked for by a word that may be an answer while a question is open: "practice", "lead", "commit",
        "commitments", as behind the command; "" where it is none."""
        catalog, language = self.house.words.catalog, self.house.words.language(self.scene.language)
        word, rest = vocabulary.parse(self.house, text)
        if vocabulary.bare(text) in catalog.label(language, "practice.also").split(", "):
            return "practice"
        return word if not rest and word in ("practice", "lead", "commit", "commitments") else ""

    def _change_in_flow(self, event: Edited | Deleted) -> None:
        """An edit goes to the flow in which the message was an answer, wherever the student is now."""
        was = answers.given(self.connection, self.scene, event.ts)
        here = was is None or (was.flow == self.scene.flow and self.scene.state.heard(event.ts))
        if self.scene.flow and here:
            self._advance(replace(event, asked_at=self.scene.asked_at))
        elif was is not None and not self._advance_in(was.flow, event):
            self._amend(was, event)
        elif was is None and isinstance(event, Edited) and event.alarm:
            self._hold_outside(event.ts, event.revised, Act.EDITED, event.text, event.alarm)

    def _amend(self, was: answers.Given, event: Edited | Deleted) -> None:
        """An answer of another week, or of an earlier conference: it changes where it stands, and nothing is asked."""
        words = self.house.words
        flow = words.flow(self.scene.language, was.flow) if was.flow in (*LEVELS["full"], *QUARTER) else None
        keep = answers.changed(was, flow, self._coach, event)
        if keep is None:
            return
        answer = answers.amend(self.connection, self.scene, was, keep, self.now)
        if keep.alarm:
            self._await_a_person(answer, keep.alarm, first=self.scene.status != "held")
        elif not was.withdrawn:
            self._note(Note.WITHDRAWN if keep.act is Act.WITHDRAWN else Note.EDITED)

    def _advance_in(self, flow: str, event: Event) -> bool:
        """Take an event in where it belongs, though another flow is open, which keeps the word. False if it is gone."""
        here, states = self.scene, parked(self.connection, self.scene)
        state = self._fitting(here, flow, states[flow]) if flow in states else None
        if state is None or not (isinstance(event, Said) or state.heard(getattr(event, "ts", ""))):
            return False
        self.scene = here._replace(flow=flow, state=state)
        self._advance(event, quietly=True)
        park(self.connection, self.scene, flow, self.scene.state)
        held = "held" if self.scene.status == "held" else here.status
        self.scene = here._replace(status=held)
        return True

    def _advance(self, event: Event, *, quietly: bool = False) -> None:
        state, effects = advance(self._flow, self._coach, self.scene.state, event)
        self.scene = self.scene._replace(state=state)
        self._store([effect for effect in effects if isinstance(effect, Keep)])
        for effect in effects:
            if not (quietly and isinstance(effect, Ask | Do | Finished)):
                self._apply(effect)

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

    def _switch(self, flow: str) -> None:
        if flow == self.scene.flow:
            return
        state = self._fitting(self.scene, flow, parked_one(self.connection, self.scene, flow) or State())
        if self.scene.flow:
            park(self.connection, self.scene, self.scene.flow, self.scene.state)
        self.scene = self.scene._replace(flow=flow, state=state, came_from="")

    # Effects

    def _apply(self, effect: Effect) -> None:
        match effect:
            case Ask() if self.scene.flow not in (*LEVELS[self.scene.level], *QUARTER):
                self._start_or_menu()  # the school has moved down since: what was said is kept, and no more is asked
            case Ask():
                self._ask(effect)
            case Say():
                self._note(effect.note)
            case Develop():
                self._develop(effect)
            case Do():
                self._command(effect)
            case Hold():
                self._hold(effect)
            case Finished():
                self._finish()

    def _store(self, kept: Sequence[Keep]) -> None:
        self._changed = [Place(self.scene.flow, *keep.spot) for keep in kept[-1:]] or self._changed
        if self.scene.flow not in QUARTER:  # which no agenda shows
            self._kept.update(Act.WITHDRAWN if keep.alarm else keep.act for keep in kept)
        for keep in kept:
            if not keep.alarm:
                answers.keep(self.connection, self.scene, keep, self.now)
        self._alarming |= {
            (keep.ts, keep.revised): answers.keep_alarming(self.connection, self.scene, keep, self.now)
            for keep in kept
            if keep.alarm
        }

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
        return list(self._pieces().values())[: gathered.OFFERED] if wanted else []

    def _note(self, note: Note) -> None:
        self.told.note(self.scene, note)

    def _develop(self, effect: Develop) -> None:
        if self.scene.flow in QUARTER:
            return
        review.set_item(
            self.connection, self.scene.workspace, self.scene.conference, self.scene.flow, effect.spot,
            {Item.develop: effect.rule},
        )  # fmt: skip

    def _command(self, do: Do, *, nothing_open: bool = False) -> None:
        match do.command:
            case Command.PAUSE:
                self.scene = self.scene._replace(status="paused")
                self.told.paused(self.scene)
            case Command.HELP:
                self.told.help(self.scene, do.spot)
            case Command.PREVIEW if self.scene.conference:
                self.told.preview(self.scene)
            case Command.PRACTICE if self.scene.conference:
                self._practise()
            case Command.QUIET | Command.REMIND:
                wanted = do.command is Command.REMIND
                reminders.wish(self.connection, self.scene.workspace, self.scene.person, wanted, self.now)
                self.told.say(reminders.wishes("student", self.scene.student, wanted))
            case _:
                self._menu("nothing_open" if nothing_open else "")

    def _menu(self, note: str) -> None:
        if note and self.scene.conference:
            self._note(Note(note))
        self.told.menu(self.scene)

    def _finish(self) -> None:
        ended = self.scene.flow
        if self.scene.back_to:
            back_to = self.scene.back_to
            self.scene = self.scene._replace(back_to="")
            self._back = True
            self._switch(back_to)
            self._advance(Begin())
        elif ended == APPROVE:
            self._approve()
        elif ended in QUARTER:
            self.told.kept(self.scene, self._following())
        else:
            self._after = ended
            self._start_or_menu(after=ended)

    def _approve(self) -> None:
        reply = self.scene.state.replies.get(FINAL.key())
        if reply is None or "yes" not in reply.choices:
            self.told.not_yet(self.scene)
            return
        saying, drafts = review.approve(self.house, self.connection, self.scene, self.now)
        number = review.latest_number(self.connection, self.scene.workspace, self.scene.conference)
        self.scene = self.scene._replace(approved=number or 0)
        self.told.say(saying)
        self.told.drafts += drafts

    def _post_now(self, conference: int) -> None:
        """What was approved goes up before its time, if it is this conference's and still waits."""
        here = conference == self.scene.conference
        about = (self.scene.workspace, conference, f"now:{self.told.voice.key}", self.now)
        drafts = opening.post_now(self.connection, *about) if here else []
        if not drafts:
            self._note(Note.ALREADY_ANSWERED)
            return
        self.told.say(Saying("posting", {"student": self.scene.student}))
        self.told.drafts += drafts

    def _start_or_menu(self, after: str = "") -> None:
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
            self._advance(self._begin(self.scene.flow))
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

    # Safety

    def _hold(self, hold: Hold) -> None:
        self._await_a_person(self._alarming[hold.ts, hold.revised], hold.level, first=hold.first)

    def _hold_outside(self, ts: str, revised: str, act: Act, text: str, level: str) -> None:
        """The screen matched, or something was said while a person is awaited, and no question is open."""
        keep = Keep(Spot("", 0), ts, revised, act, text, alarm=level)
        answer = answers.keep_alarming(self.connection, self.scene, keep, self.now)
        self._await_a_person(answer, level, first=self.scene.status != "held")

    def _await_a_person(self, answer: int, level: str, *, first: bool) -> None:
        """The fixed words for the student; an alert where the screen matched, not for what is said while waiting."""
        self.scene = self.scene._replace(status="held")
        self.told.a_person_reads_it(self.scene, level, first=first)
        if self._screened:
            self.told.drafts += safeguarding.raise_alert(self.connection, self.scene, answer, level, self.now)

    def _end(self) -> list[Delivery]:
        """Put what is to be said into the outbox, and keep the conversation with the delivery of its open question."""
        if self.scene.approved and self._kept:
            self.compare_with_approval()
        put = self.house.outbox.put(self.connection, self.told.drafts, self.now, claim=True)
        asked = self.told.asked.dedupe_key if self.told.asked is not None else None
        prompt = next((one.id for one in put if one.dedupe_key == asked), self.scene.prompt)
        save(self.connection, self.scene, self.now, prompt)
        return put

    @property
    def _flow(self) -> Flow:
        return self.house.words.flow(self.scene.language, self.scene.flow, self.scene.level)

    @property
    def _coach(self) -> Any:
        return self.house.words.coach(self.scene.language)
