"""What a test itself asks of the database may be of any workspace; what the program asks may not, here as elsewhere.

Who asks is told by the nearest frame of ours: a look into a whole table, written down in a test, is let through.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from bot.store import scope
from scheduler import prepared

_TESTS = str(Path(__file__).parent)
_OURS = str(Path(__file__).parent.parent)
_ON_THE_WAY = {scope.__file__, prepared.__file__}
ENTER, REFUSE = scope.Watch.enter, scope.Watch.refuse
"""As the program has them."""


def let_tests_look() -> None:
    """From now on, in this process."""

    def entered(self: scope.Watch, options: Mapping[str, Any], workspace: Any) -> None:
        if not _asked_by_a_test():
            ENTER(self, options, workspace)

    def refused(self: scope.Watch, options: Mapping[str, Any], loose: Sequence[str]) -> None:
        if not _asked_by_a_test():
            REFUSE(self, options, loose)

    scope.Watch.enter = entered  # type: ignore[method-assign]
    scope.Watch.refuse = refused  # type: ignore[method-assign]


def _asked_by_a_test() -> bool:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_OURS) and "site-packages" not in file and file not in _ON_THE_WAY:
            return file.startswith(_TESTS)
        frame = frame.f_back
    return False
