"""The same stage, and the same student on it, as the tests of Slack have."""

from __future__ import annotations

from tests.slack.conftest import noor, stage

__all__ = ["noor", "stage"]
