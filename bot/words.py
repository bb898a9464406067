"""All words of a school, parsed once: flows, the coach of each language, the safety screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.dialogue.coach import Coach, Lexicon, Probe
from bot.dialogue.flow import Band, Flow, Kind, parse_flow
from bot.dialogue.safety import Safety
from prompts import Catalog

APPROVE = "approve"
LEVELS: Mapping[str, tuple[str, ...]] = {
    "letter": ("letter", APPROVE),
    "piece": ("letter", "strengths", APPROVE),
    "half": ("letter", "strengths", "goals", "gratitude", APPROVE),
    "full": ("letter", "strengths", "struggles", "goals", "supports", "gratitude", APPROVE),
}
QUARTER = ("evidence", "check_in", "reflection")
"""The flows beside those of a level: open to every student, through the quarter."""
_LAST_GRADE = {Band.ELEMENTARY: 5, Band.MIDDLE: 8}


@dataclass(frozen=True, eq=False)
class Words:
    """What a school says. Made once at the start; nothing in it changes."""

    catalog: Catalog
    flows: Mapping[tuple[str, str], Flow]

    @classmethod
    def load(cls, *overlays: Path, hears: bool = True) -> Words:
        """Read the packaged words with a school's own laid over them; PromptsError or FlowError says what is wrong.

        hears: False for a process that only sends: what students' words are compared with, 40 MB, is then not made.
        """
        catalog = Catalog.load(*overlays)
        flows = {
            (language, name): parse_flow(name, catalog.flow(language, name), f"{language}/flows/{name}.toml")
            for language in catalog.languages
            for name in catalog.flow_names(language)
        }
        words = cls(catalog, flows)
        if hears:
            _ = words.coaches, words.safety
        return words

    @cached_property
    def _lexicons(self) -> Mapping[str, Lexicon]:
        return {
            language: Lexicon.parse(self.catalog.lexicon(language), f"{language}/lexicon.toml")
            for language in self.catalog.languages
        }

    @cached_property
    def coaches(self) -> Mapping[str, Coach]:
        """The coach of each language there are words in."""
        return {language: Coach(self._lexicons, language) for language in self._lexicons}

    @cached_property
    def safety(self) -> Safety:
        """What calls for a person, in every language at once."""
        return Safety.parse({language: self.catalog.safety(language) for language in self.catalog.languages})

    def language(self, wanted: str) -> str:
        """The wanted language if there are words in it, else English."""
        return wanted if wanted in self.catalog.languages else "en"

    def flow(self, language: str, name: str, level: str = "full") -> Flow:
        """A flow in a language the words have; the approval asks only about the parts that the level has."""
        flow = self.flows[self.language(language), name]
        return _for_level(flow, level) if name == APPROVE and level != "full" else flow

    def coach(self, language: str) -> Coach:
        """The coach of a language the words have."""
        return self.coaches[self.language(language)]

    def probe(self, language: str, rule: str) -> Probe:
        """How a rule asks for more, in a language the words have; all that a process needs that only sends."""
        return self._lexicons[self.language(language)].probe(rule)


def _for_level(flow: Flow, level: str) -> Flow:
    """The flow without options that name a flow the level leaves out, and without a choice of one."""
    there = [
        question.model_copy(update={"options": tuple(one for one in question.options if one.id in LEVELS[level])})
        if question.kind is Kind.CHOICE
        else question
        for question in flow.questions
    ]
    kept = tuple(one for one in there if one.kind is not Kind.CHOICE or len(one.options) > 1)
    return flow.model_copy(update={"questions": kept})


def overlays(folder: Path | None) -> tuple[Path, ...]:
    """A school's own words, to be laid over ours, if it has any: `prompts/` in its folder, or that folder itself."""
    if folder is None:
        return ()
    own = folder if folder.name == "prompts" else folder / "prompts"
    return (own,) if own.is_dir() else ()


def band_of(grade: str | None, default: str) -> Band:
    """The band a grade belongs to (K to 5, 6 to 8, 9 and up); the school's own where the grade is no number."""
    text = (grade or "").strip().lower()
    if text in ("k", "pk", "kg"):
        return Band.ELEMENTARY
    if not text.isdecimal():
        return Band(default)
    return next((band for band, last in _LAST_GRADE.items() if int(text) <= last), Band.HIGH)
