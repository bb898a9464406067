"""Canaries: words made up for one thing that was typed, or one name, and nothing else; and a quarter full of them.

The quarter is the demo's. Each thing somebody types in it gets a word of its own at its end, the file one in its name,
and everybody in the school is called by such words.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot.practice.demo import packaged
from bot.practice.script import Scene, Script, Step

CANARY = re.compile(r"kanari[a-z]{3}", re.IGNORECASE)

STUDENTS = ("noor", "theo", "mina", "ravi", "mateo")
"""Who is left of the sample school's students; Mateo is another advisor's."""

COMMANDS = {"saltar", "pausa", "menu", "hi", "go on"}
THIN = {"idk", "be better at homework", "science", "homework", "my mom"}
"""Too little to go on, so that the coach asks for more: with a word beside them they would no longer be."""
CHOSEN = {"Who?", "By when?", "¿Viene?", "¿Cómo?", "Where does it belong?"}
"""Fields with a choice; who does something is found by the name."""


def found(text: str) -> set[str]:
    """The canaries in a text."""
    return {one.lower() for one in CANARY.findall(text)}


@dataclass
class Canaries:
    """The words, by what was typed (as the demo has it), and by whose name they are: person → given name, surname."""

    words: dict[str, str] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _called: dict[str, str] = field(default_factory=dict)

    def word(self, text: str) -> str:
        """The canary of this text."""
        return self.words.setdefault(text, self._new())

    def typed(self, text: str) -> str:
        """The text as it is typed here."""
        if not text or text in COMMANDS or text in THIN:
            return text
        return f"{self.called(text)} {self.word(text)}"

    def called(self, text: str) -> str:
        """The text with the names that people have here."""
        for name, canary in self._called.items():
            text = re.sub(rf"\b{name}\b", canary, text)
        return text

    def school(self, sample: Mapping[str, str]) -> dict[str, str]:
        """The files of a school with fewer students, in which everybody has another name."""
        held = _of(sample["conferences.csv"], lambda row: row["student"] in STUDENTS)
        return {**sample, "roster.csv": self._roster(sample["roster.csv"]), "conferences.csv": held}

    def script(self, script: Script) -> Script:
        """The script with a canary in everything that is typed; its closing looks are left out."""
        scenes = tuple(self._scene(one) for one in script.scene)
        return script.model_copy(update={"scene": scenes, "answering": ("mina", "mateo"), "view": ()})

    def _new(self) -> str:
        number = len(self.words) + sum(map(len, self.names.values()))
        return "kanari" + "".join(chr(97 + number // 26**place % 26) for place in (2, 1, 0))

    def _roster(self, text: str) -> str:
        def kept(row: dict[str, str]) -> bool:
            whose = {"student": row["id"], "family": row["students"]}.get(row["role"], "")
            if whose and whose not in STUDENTS:
                return False
            row["name"] = self._name(row["id"], row["name"])
            return True

        return _of(text, kept)

    def _name(self, key: str, name: str) -> str:
        """A name of canaries; a title stays. In what students type, titles have no capital."""
        title, _, rest = name.rpartition(". ")
        for _ in rest.split():
            self.names[key] = (*self.names.get(key, ()), self._new())
        parts = [one.capitalize() for one in self.names[key]]
        self._called |= {rest: " ".join(parts), rest.split()[0]: parts[0]}
        self._called |= {f"{title.lower()} {rest.lower()}": f"{title.lower()} {parts[0].lower()}"} if title else {}
        return f"{title}. {parts[0]}" if title else " ".join(parts)

    def _scene(self, scene: Scene) -> Scene:
        steps = tuple(self._step(step) for step in scene.steps)
        others = {who: (*said[:2], *map(self.typed, said[2:3]), *said[3:]) for who, said in scene.meanwhile.items()}
        return scene.model_copy(update={"steps": steps, "meanwhile": others, "look": ()})

    def _step(self, step: Step) -> Step:
        fills = {
            label: self.called(value) if label in CHOSEN else self.typed(value) for label, value in step.fills.items()
        }
        changed: dict[str, Any] = {
            "says": self.typed(step.says), "edits": self.typed(step.edits), "line": self.typed(step.line),
            "taps": self._filed(self.called(step.taps)), "sends": self._filed(step.sends), "fills": fills,
            "to": self.typed(step.to) if step.edits else step.to,
        }  # fmt: skip
        return step.model_copy(update=changed)

    def _filed(self, text: str) -> str:
        return text.replace("timeline.jpg", f"timeline-{self.word('timeline.jpg')}.jpg")


def _of(text: str, kept: Callable[[dict[str, str]], bool]) -> str:
    """A CSV file's rows that are kept."""
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    written = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    written.writeheader()
    written.writerows(row for row in rows if kept(row))
    return out.getvalue()


def sample() -> dict[str, str]:
    """The files of the sample school."""
    folder: Iterable[Any] = (files("bot.practice") / "school").iterdir()
    return {one.name: one.read_text(encoding="utf-8") for one in folder}


def written(canaries: Canaries, folder: Path) -> Path:
    """The school in a folder."""
    folder.mkdir()
    for name, text in canaries.school(sample()).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def quarter(canaries: Canaries) -> Script:
    """What is played."""
    return canaries.script(packaged())
