"""All that was said in a flow: message by message in its state, revision by revision in what is stored."""

from __future__ import annotations

from bot.dialogue.events import Act, Edited, Effect, Keep, Said
from bot.dialogue.judging import Judge
from bot.dialogue.path import Path
from bot.dialogue.state import Part, Reply, Spot, State, moment

Place = tuple[Spot, Reply, int]  # a part: the index is into `Reply.parts`


class Record:
    """The parts of a state's replies. What changes in them is added to the effects as revisions to keep."""

    def __init__(self, state: State, path: Path, judge: Judge, effects: list[Effect]) -> None:
        self.state = state
        self.path = path
        self.judge = judge
        self.effects = effects

    def find(self, ts: str) -> Place | None:
        """Where a message or tap stands."""
        for key, reply in self.state.replies.items():
            for index, part in enumerate(reply.parts):
                if part.ts == ts:
                    return Spot.parse(key), reply, index
        return None

    def add(self, spot: Spot, reply: Reply, part: Part, alarm: str = "") -> None:
        """A message or tap, and after it the edits and the deletion that overtook it."""
        self.effects.append(Keep(spot, part.ts, part.revised, part.act, part.text, part.choices, part.works, alarm))
        self.expect(spot, reply, part)

    def expect(self, spot: Spot, reply: Reply, part: Part) -> Place:
        """A place for a message, with the changes that overtook it."""
        index = len(reply.parts)
        reply.parts.append(part)
        for change in self.state.remembered(part.ts):
            if change.text is None:
                self.withdraw(spot, reply, index, change.revised)
            else:
                self.reword(spot, reply, index, Edited(part.ts, change.revised, change.text))
        return spot, reply, index

    def complete(self, spot: Spot, reply: Reply, index: int, said: Said) -> None:
        """The message itself, where only an edit of it was heard."""
        reply.parts[index] = reply.parts[index]._replace(unheard=False)
        self.effects.append(Keep(spot, said.ts, said.ts, Act.SAID, said.text, (), said.works, said.alarm))

    def reword(self, spot: Spot, reply: Reply, index: int, edited: Edited) -> None:
        """An edit; its words stand unless a later edit arrived before it."""
        part, question = reply.parts[index], self.path.question(spot)
        act, choices = self.judge.act(question, edited.text, part.works), self.judge.choices(question, edited.text)
        alarmed = max(part.alarmed, edited.revised if edited.alarm else "", key=moment)
        part = part._replace(edits=(*part.edits, edited.revised), alarmed=alarmed)
        if moment(edited.revised) > moment(part.revised):
            part = part._replace(text=edited.text, revised=edited.revised, act=act, choices=choices)
        reply.parts[index] = part
        act = Act.EDITED if act is Act.SAID else act
        self.effects.append(Keep(spot, part.ts, edited.revised, act, edited.text, choices, part.works, edited.alarm))

    def withdraw(self, spot: Spot, reply: Reply, index: int, revised: str) -> None:
        """A deletion."""
        part = reply.parts[index]
        reply.parts[index] = part._replace(gone=Act.WITHDRAWN.value)
        self.effects.append(Keep(spot, part.ts, revised, Act.WITHDRAWN))

    def replace_old(self, spot: Spot, reply: Reply) -> None:
        """A new answer to a question that was opened again takes the place of the old one."""
        if not reply.reopened:
            return
        reply.reopened = False
        reply.probes, reply.met, reply.rule = 0, 0, ""
        for index, part in enumerate(reply.parts):
            if not part.gone:
                self.effects.append(Keep(spot, part.ts, part.revised, Act.REPLACED))
                reply.parts[index] = part._replace(gone=Act.REPLACED.value)
