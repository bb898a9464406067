"""The few errors the project raises, each saying what to do."""

from __future__ import annotations

from collections.abc import Iterable


class CoachError(Exception):
    """Base of all: a message for the person who can mend it, never with a student's words in it."""


class FlowError(CoachError):
    """A flow's file cannot be used."""

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems = tuple(f"{source}: {problem}" for problem in problems)
        super().__init__("\n".join(self.problems))


class SettingsError(CoachError):
    """Settings are missing or wrong; all of them are named at once, each with its remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class SchoolError(CoachError):
    """The school's folder has errors; all of them are listed and nothing was loaded."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class TurnLostError(CoachError):
    """A conversation changed under a turn; the turn is rolled back and Slack sends the event again."""


class ComposeError(CoachError):
    """A delivery cannot be put into words, and would not be the next time either: it is refused, not tried again."""


class StoreError(CoachError):
    """The database is not at the schema this version works with."""


class ScopeError(CoachError):
    """A statement is not kept to one workspace, or a transaction to the one it began with. It was not run."""
