"""What the workspace says no with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """A method's `ok: false`: Slack's error code, what was wrong in words, and fields Slack adds."""

    def __init__(self, error: str, problems: Sequence[str] = (), **fields: Any) -> None:
        self.error = error
        self.problems = tuple(problems)
        self.fields = fields
        super().__init__(": ".join([error, *problems]))

    def body(self) -> dict[str, Any]:
        """The JSON answer, shaped as Slack's."""
        answer: dict[str, Any] = {"ok": False, "error": self.error, **self.fields}
        if self.problems:
            answer["errors"] = list(self.problems)
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer


class PracticeError(Exception):
    """Someone in the workspace tried what Slack's own client would not let them do."""
