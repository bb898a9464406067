"""What a dialogue is made of: flows and questions, parsed from a school's TOML and checked whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bot.errors import FlowError

MAX_GOALS = 3


class Band(StrEnum):
    """The grade band a question is worded for."""

    ELEMENTARY = "elementary"
    MIDDLE = "middle"
    HIGH = "high"


class Kind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    SCALE = "scale"
    EVIDENCE = "evidence"
    CONFIRM = "confirm"


class Visibility(StrEnum):
    """Who sees an answer. There is no "private": families can inspect school records."""

    ADVISOR = "advisor"
    TEACHERS = "teachers"
    CONFERENCE = "conference"


class Section(StrEnum):
    """The part of the agenda an answer belongs to."""

    LETTER = "letter"
    STRENGTHS = "strengths"
    STRUGGLES = "struggles"
    GOALS = "goals"
    ASKS = "asks"
    THANKS = "thanks"


class Rounds(StrEnum):
    """How often a flow's questions are gone through."""

    ONE = "one"
    ASK = "ask"  # again for as long as the student wants another, three at most
    GOALS = "goals"  # once for each goal the student has


def _per_band(value: object) -> object:
    """One wording for all bands may be written as a plain string."""
    return dict.fromkeys(Band, value) if isinstance(value, str) else value


Worded = Annotated[dict[Band, str], BeforeValidator(_per_band)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Part):
    """One thing to tap; `id` is kept with the answer, `label` is what the student sees and may type."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1, max_length=75)


class Scale(_Part):
    """A scale from 1 to 5, with what the ends mean."""

    low: str
    high: str


class When(_Part):
    """Asked only if another question of the flow was answered: with one of these option ids, or with anything."""

    question: str
    answered: tuple[str, ...] = ()


class Question(_Part):
    """One question: its wording for each band, what helps to answer it, and who sees the answer unless changed."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind = Kind.TEXT
    ask: Worded
    starter: Worded = Field(default_factory=dict)
    example: Worded = Field(default_factory=dict)
    hint: Worded = Field(default_factory=dict)
    section: Section | None = None
    visible: Visibility = Visibility.ADVISOR
    probes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    scale: Scale | None = None
    when: When | None = None
    recall: str | None = None  # name of a carried answer of the last conference to show with the question
    label: bool = False  # the answer is the short name of its round ("your goal: …")
    once: bool = False  # of a flow that goes through the goals: asked after the last of them only, and easily left

    @model_validator(mode="after")
    def _complete(self) -> Question:
        missing = [band.value for band in Band if not self.ask.get(band, "").strip()]
        if missing:
            raise ValueError(f"question {self.id!r}: no wording for {', '.join(missing)}; add it under `ask`")
        if self.kind in (Kind.CHOICE, Kind.CHOICES) and len(self.options) < 2:
            raise ValueError(f"question {self.id!r}: a {self.kind} needs at least two `options`")
        if self.kind is Kind.SCALE and self.scale is None:
            raise ValueError(f"question {self.id!r}: a scale needs `scale = {{ low = …, high = … }}`")
        if len({option.id for option in self.options}) != len(self.options):
            raise ValueError(f"question {self.id!r}: two options have the same id")
        return self


class Another(_Part):
    """The question after a round of a flow with `rounds = "ask"`: is there another one?"""

    ask: Worded
    yes: str
    no: str


class Flow(_Part):
    """A dialogue flow in one language."""

    name: str
    title: str = Field(min_length=1, max_length=75)
    about: str
    opening: Worded = Field(default_factory=dict)
    closing: Worded = Field(default_factory=dict)
    rounds: Rounds = Rounds.ONE
    another: Another | None = None
    questions: tuple[Question, ...] = Field(alias="question", min_length=1)

    @model_validator(mode="after")
    def _reachable(self) -> Flow:
        seen: dict[str, Question] = {}
        for question in self.questions:
            if question.id in seen:
                raise ValueError(f"question {question.id!r} stands twice")
            self._check_condition(question, seen)
            seen[question.id] = question
        if (self.rounds is Rounds.ASK) != (self.another is not None):
            raise ValueError('[another] and rounds = "ask" go together')
        if self.rounds is not Rounds.GOALS and any(question.once for question in self.questions):
            raise ValueError('`once` needs rounds = "goals": every other question is asked once anyway')
        return self

    @staticmethod
    def _check_condition(question: Question, before: Mapping[str, Question]) -> None:
        if question.when is None:
            return
        asked = before.get(question.when.question)
        if asked is None:
            raise ValueError(
                f"question {question.id!r} can never be reached: `when` names "
                f"{question.when.question!r}, which is not asked before it"
            )
        known = {option.id for option in asked.options} | ({"yes", "no"} if asked.kind is Kind.CONFIRM else set())
        unknown = set(question.when.answered) - known
        if unknown:
            names = ", ".join(sorted(unknown))
            raise ValueError(f"question {question.id!r} can never be reached: {asked.id!r} has no option {names}")

    def question(self, question_id: str) -> Question:
        """The question with this id; KeyError if there is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)


def parse_flow(name: str, data: Mapping[str, Any], source: str = "") -> Flow:
    """A flow from the tables of its TOML file; FlowError lists everything that is wrong, with the file named."""
    try:
        return Flow.model_validate({"name": name, **data})
    except ValidationError as error:
        raise FlowError(source or name, _problems(error)) from None


def _problems(error: ValidationError) -> Iterable[str]:
    for item in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"])
        yield f"{place}: {item['msg']}" if place else item["msg"]
