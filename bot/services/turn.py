"""One turn of a student's conversation: one transaction, from the event's id to what is to be said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from bot.conference.answers import Spot as Place
from bot.dialogue.engine import advance, goal_labels
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
from bot.dialogue.flow import Flow, Rounds
from bot.dialogue.state import Spot, State
from bot.services import channel, greeting, review, safeguarding
from bot.services.house import House
from bot.services.scene import Scene, park, parked, save
from bot.services.speech import Button, Saying, Voice
from bot.store.models import Answer, Item
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS
from scheduler.outbox import Delivery, Draft
from scheduler.prepared import Prepared

_KEPT = (
    *("workspace", "conversation_id", "conference_id", "flow", "question", "round", "ts", "revised", "act", "text"),
    *("choices", "evidence", "alarm", "at"),
)
_KEEP = Prepared(insert(Answer).values({name: bindparam(name, type_=Answer.__table__.c[name].type) for name in _KEPT}))
_KEEP_ALARMING = insert(Answer).returning(Answer.id)
_FLOW_OF = (
    select(Answer.flow)
    .where(
        Answer.workspace == bindparam("workspace"),
        Answer.conversation_id == bindparam("conversation"),
        Answer.ts == bindparam("ts"),
    )
    .limit(1)
)


FINAL = Spot("final")
"""The question of the flow `approve` under which the review stands."""


class Turn:
    """A turn in progress: the scene as it changes, what is to be stored, what is to be said."""

    def __init__(
        self, house: House, connection: Connection, scene: Scene, channel: str, key: str, now: datetime
    ) -> None:
        self.house = house
        self.connection = connection
        self.scene = scene
        self.now = now
        self.drafts: list[Draft] = []
        self.voice = Voice(
            scene.workspace, scene.slack_id, scene.language, f"person:{scene.person}", f"turn:{key}", now, channel
        )
        self._asked: Draft | None = None
        self._kept: set[Act] = set()
        self._alarming: dict[tuple[str, str], int] = {}
        self._changed: list[Place] = []  # the answer that was just given
        self._back = False  # from changing one line of the agenda
        self._screened = False  # the safety screen matched what was just said
        self._after = ""  # the flow that just ended: its closing words open the next question

    # What a student does

    def hear(self, event: Said | Edited | Deleted) -> list[Delivery]:
        """A message, an edit, a deletion."""
        if isinstance(event, Said | Edited):
            level = self.house.words.safety.screen(event.text)
            self._screened = level is not None
            event = replace(event, alarm=level.value if level else "")
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
            self._say(greeting.what_is_this(self.connection, self.scene))
        elif ref.flow not in ("", self.scene.flow):
            self._note(Note.ALREADY_ANSWERED)
        elif ref.choice in (f"cmd:{Command.START}", f"cmd:{Command.NEXT}"):
            self._start_or_menu()
        elif self.scene.flow and ref.flow:
            self._wake()
            self._advance(Tapped(ts, ref.prompt, choices or (ref.choice,)))
        elif ref.choice.removeprefix("cmd:") in set(Command):
            self._command(Do(Command(ref.choice.removeprefix("cmd:"))))
        else:
            self._note(Note.ALREADY_ANSWERED)
        return self._end()

    def change(self, flow: str, spot: Spot) -> list[Delivery]:
        """Open one answer again, and come back to the review afterwards."""
        back_to = self.scene.flow if self.scene.flow != flow else ""
        self._switch(flow)
        self.scene = replace(self.scene, back_to=back_to, status="open")
        self._advance(Revisit(spot))
        return self._end()

    def open(self, flow: str) -> None:
        """Go into a flow of the student's level, at the question where it was left."""
        if flow not in LEVELS[self.scene.level]:
            self._note(Note.ALREADY_ANSWERED)
            return
        ended = self._after
        self._switch(flow)
        self.scene = replace(self.scene, back_to="", came_from=ended, status="open")
        looking_again = flow == APPROVE and self.scene.state.done
        self._advance(Revisit(FINAL) if looking_again else self._begin(flow))

    def start(self) -> list[Delivery]:
        """Go to the open question, or to the first flow that is not done."""
        self._start_or_menu()
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
            key = f"taken:{self.voice.key}"
            self.drafts += channel.again(self.scene.workspace, self.scene.conference, key, self.now)
        looking = self.scene.flow == APPROVE and not self.scene.state.done
        if self.scene.approved > 0 and not looking and review.changed(self.house, self.connection, self.scene):
            self.scene = replace(self.scene, approved=-self.scene.approved)
            ref = Ref(self.scene.conversation, APPROVE, 0, "open")
            buttons = {"actions": [[Button(Tap.OPEN, "review", ref.text(), "primary")]]}
            self._say(Saying("approval_needed", {"student": self.scene.student}, buttons))

    def decided(self) -> list[Delivery]:
        """Somebody else's words did not change, but who sees them did."""
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
            self._hold_outside(said.ts, said.ts, Act.SAID, said.text, said.alarm or "look")
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
            self.scene = replace(self.scene, status="open")

    def _outside(self, said: Said) -> None:
        """Typed while no question is open."""
        late = self.scene.flow and self.scene.asked_at is None and self.scene.state.before is not None
        command = self._coach.control(said.text)
        if command in (Command.START, Command.NEXT) or (
            self.scene.status == "new" and self._coach.yes_no(said.text) is True
        ):
            self._start_or_menu()
        elif command in (Command.PAUSE, Command.HELP, Command.PREVIEW, Command.MENU):
            self._command(Do(Command(command)))
        elif (command == Command.BACK and self.scene.flow) or late:
            self._advance(said)
        else:
            self._command(Do(Command.MENU), nothing_open=True)

    def _change_in_flow(self, event: Edited | Deleted) -> None:
        """An edit goes to the flow in which the message was an answer, wherever the student is now."""
        values = {"workspace": self.scene.workspace, "conversation": self.scene.conversation, "ts": event.ts}
        flow = self.connection.scalar(_FLOW_OF, values)
        if self.scene.flow and flow in (None, self.scene.flow):
            self._advance(replace(event, asked_at=self.scene.asked_at))
        elif not self._advance_in(flow or "", event) and isinstance(event, Edited) and event.alarm:
            self._hold_outside(event.ts, event.revised, Act.EDITED, event.text, event.alarm)

    def _advance_in(self, flow: str, event: Event) -> bool:
        """Take an event in where it belongs, though another flow is open, which keeps the word. False if it is gone."""
        states = parked(self.connection, self.scene)
        if flow not in states:
            return False
        here = self.scene
        self.scene = replace(here, flow=flow, state=states[flow])
        self._advance(event, quietly=True)
        park(self.connection, self.scene, flow, self.scene.state)
        held = "held" if self.scene.status == "held" else here.status
        self.scene = replace(here, status=held)
        return True

    def _advance(self, event: Event, *, quietly: bool = False) -> None:
        state, effects = advance(self._flow, self._coach, self.scene.state, event)
        self.scene = replace(self.scene, state=state)
        self._store([effect for effect in effects if isinstance(effect, Keep)])
        for effect in effects:
            if not (quietly and isinstance(effect, Ask | Do | Finished)):
                self._apply(effect)

    def _begin(self, flow: str) -> Begin:
        labels = self._goals() if self._flow.rounds is Rounds.GOALS else ()
        begun = bool(self.scene.state.replies)
        return Begin(labels, {} if begun else review.carried(self.connection, self.scene, flow))

    def _goals(self) -> tuple[str, ...]:
        state = parked(self.connection, self.scene).get("goals")
        return goal_labels(self.house.words.flow(self.scene.language, "goals"), state) if state is not None else ()

    def _switch(self, flow: str) -> None:
        if flow == self.scene.flow:
            return
        others = parked(self.connection, self.scene)
        if self.scene.flow:
            park(self.connection, self.scene, self.scene.flow, self.scene.state)
        self.scene = replace(self.scene, flow=flow, state=others.get(flow, State()), came_from="")

    # Effects

    def _apply(self, effect: Effect) -> None:
        match effect:
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
        self._kept.update(Act.WITHDRAWN if keep.alarm else keep.act for keep in kept)
        for keep in kept:
            if not keep.alarm:
                _KEEP.run(self.connection, self._row(keep))
        self._alarming |= {
            (keep.ts, keep.revised): self.connection.execute(_KEEP_ALARMING, self._row(keep)).scalar_one()
            for keep in kept
            if keep.alarm
        }

    def _row(self, keep: Keep) -> dict[str, Any]:
        return {
            "workspace": self.scene.workspace,
            "conversation_id": self.scene.conversation,
            "conference_id": self.scene.conference or None,
            "flow": self.scene.flow,
            "question": keep.spot.question,
            "round": keep.spot.round,
            "ts": keep.ts,
            "revised": keep.revised,
            "act": keep.act.value,
            "text": keep.text,
            "choices": " ".join(keep.choices),
            "evidence": [work._asdict() for work in keep.works],
            "alarm": keep.alarm,
            "at": self.now,
        }

    def _ask(self, ask: Ask) -> None:
        if self.scene.flow == APPROVE and ask.spot == FINAL and not ask.rule:
            for saying in self._review():
                self._say(saying)
            ask = replace(ask, now="")
        about = dict(self.scene.about, after=self._after)
        self._asked = self.voice.ask(self.scene.conversation, self.scene.flow, ask, about, len(self.drafts))
        self.drafts.append(self._asked)
        self._after = ""

    def _review(self) -> list[Saying]:
        """Every line of the agenda; only the part that changed, where the student comes back from changing a line."""
        if not self._back:
            return review.sections(self.house, self.connection, self.scene)
        again = (review.section_again(self.house, self.connection, self.scene, place) for place in self._changed)
        return [saying for saying in again if saying is not None]

    def _note(self, note: Note) -> None:
        self._say(Saying(note.value, {"student": self.scene.student}))

    def _develop(self, effect: Develop) -> None:
        review.set_item(
            self.connection, self.scene.workspace, self.scene.conference, self.scene.flow, effect.spot,
            {Item.develop: effect.rule},
        )  # fmt: skip

    def _command(self, do: Do, *, nothing_open: bool = False) -> None:
        match do.command:
            case Command.PAUSE:
                self.scene = replace(self.scene, status="paused")
                self._say(Saying("paused", {"student": self.scene.student}, self._row_of("go_on")))
            case Command.HELP:
                self._say(self._help(do.spot))
            case Command.PREVIEW:
                for saying in review.preview(self.house, self.connection, self.scene):
                    self._say(saying)
            case _:
                self._menu("nothing_open" if nothing_open else "")

    def _help(self, spot: Spot | None) -> Saying:
        context = {"hint": "", "example": "", "starter": "", "advisor": self.scene.advisor}
        if spot is not None and any(question.id == spot.question for question in self._flow.questions):
            question = self._flow.question(spot.question)
            about = {**self.scene.about, "round": spot.round, "goal": "", "last": ""}
            for name in ("hint", "example", "starter"):
                text = getattr(question, name).get(self.scene.band, "")
                context[name] = self.house.words.catalog.fill(self.scene.language, text, about) if text else ""
        return Saying("help", context)

    def _menu(self, note: str) -> None:
        if note:
            self._note(Note(note))
        self._say(greeting.menu(self.house, self.connection, self.scene))

    def _finish(self) -> None:
        ended = self.scene.flow
        if self.scene.back_to:
            back_to = self.scene.back_to
            self.scene = replace(self.scene, back_to="")
            self._back = True
            self._switch(back_to)
            self._advance(Begin())
        elif ended == APPROVE:
            self._approve()
        else:
            self._after = ended
            self._start_or_menu(after=ended)

    def _approve(self) -> None:
        reply = self.scene.state.replies.get(FINAL.key())
        if reply is None or "yes" not in reply.choices:
            self._menu("")
            return
        saying, drafts = review.approve(self.house, self.connection, self.scene, self.now)
        self.scene = replace(self.scene, approved=review.latest_number(self.connection, self.scene.conference) or 0)
        self._say(saying)
        self.drafts.extend(drafts)

    def _start_or_menu(self, after: str = "") -> None:
        """The open question, else the first flow not done yet (after the one that just ended), else the menu."""
        if not self.scene.conference:
            self._menu("")
            return
        if self.scene.status == "paused":
            self._say(Saying("resumed", {"student": self.scene.student}))
        self.scene = replace(self.scene, status="open")
        if self.scene.flow and not self.scene.state.done:
            self._advance(self._begin(self.scene.flow))
            return
        states = parked(self.connection, self.scene)
        done = {name for name, state in states.items() if state.done}
        if self.scene.flow and self.scene.state.done:
            done.add(self.scene.flow)
        flows = LEVELS[self.scene.level]
        later = flows[flows.index(after) + 1 :] if after in flows else ()
        following = next((flow for flow in (*later, *flows) if flow not in done), None)
        if following is None:
            self._menu("")
        else:
            self.open(following)

    # Safety

    def _hold(self, hold: Hold) -> None:
        self._await_a_person(self._alarming[hold.ts, hold.revised], hold.level, first=hold.first)

    def _hold_outside(self, ts: str, revised: str, act: Act, text: str, level: str) -> None:
        """The screen matched, or something was said while a person is awaited, and no question is open."""
        keep = Keep(Spot("", 0), ts, revised, act, text, alarm=level)
        answer = self.connection.execute(_KEEP_ALARMING, self._row(keep)).scalar_one()
        self._await_a_person(answer, level, first=self.scene.status != "held")

    def _await_a_person(self, answer: int, level: str, *, first: bool) -> None:
        """The fixed words for the student; an alert where the screen matched, not for what is said while waiting."""
        self.scene = replace(self.scene, status="held")
        saying = safeguarding.fixed_words(self.connection, self.scene, level, first=first)
        self._say(replace(saying, buttons=self._row_of("go_on")))
        if self._screened:
            self.drafts += safeguarding.raise_alert(self.connection, self.scene, answer, level, self.now)

    # Saying

    def _say(self, saying: Saying) -> None:
        self.drafts.append(self.voice.say(saying, len(self.drafts)))

    def _row_of(self, label: str) -> Mapping[str, Sequence[Sequence[Button]]]:
        ref = Ref(self.scene.conversation, self.scene.flow, self.scene.state.prompt, f"cmd:{Command.NEXT}")
        return {"actions": [[Button(Tap.ANSWER, label, ref.text(), "primary")]]}

    def _end(self) -> list[Delivery]:
        """Put what is to be said into the outbox, and keep the conversation with the delivery of its open question."""
        if self.scene.approved and self._kept:
            self.compare_with_approval()
        put = self.house.outbox.put(self.connection, self.drafts, self.now, claim=True)
        asked = self._asked.dedupe_key if self._asked is not None else None
        prompt = next((one.id for one in put if one.dedupe_key == asked), self.scene.prompt)
        save(self.connection, self.scene, self.now, prompt)
        return put

    @property
    def _flow(self) -> Flow:
        return self.house.words.flow(self.scene.language, self.scene.flow, self.scene.level)

    @property
    def _coach(self) -> Any:
        return self.house.words.coach(self.scene.language)
