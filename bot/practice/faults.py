"""What goes wrong on request: in the call, in the answer, or in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Trouble(StrEnum):
    """The ways a call can go wrong. BEFORE: Slack never did it; AFTER: it did, and the answer is lost."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HANG = "hang"
    ERROR_500 = "error_500"
    ERROR_500_AFTER = "error_500_after"
    HTML_200 = "html_200"
    HTML_200_AFTER = "html_200_after"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    REFUSED_AFTER = "refused_after"
    LATE = "late"


_AFTER = {
    Trouble.TIMEOUT_AFTER,
    Trouble.DROP_AFTER,
    Trouble.HANG,
    Trouble.ERROR_500_AFTER,
    Trouble.HTML_200_AFTER,
    Trouble.REFUSED_AFTER,
}


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    TIMEOUT_*: silence until the client gives up. DROP_*: the connection is reset. HANG: it is done, half an answer
    comes, then silence. `rate_limited(s)`: 429, and the method stays refused for s seconds by the workspace's clock.
    `refused(code)`: `ok: false`; `refused_after(code)`: the same though it was done (`fatal_error`).
    `late(s)`: the connection is reset at once and the call takes effect s seconds later by the workspace's clock.
    """

    trouble: Trouble
    seconds: float = 0
    code: str = ""

    TIMEOUT_BEFORE: ClassVar[Fault]
    TIMEOUT_AFTER: ClassVar[Fault]
    DROP_BEFORE: ClassVar[Fault]
    DROP_AFTER: ClassVar[Fault]
    HANG: ClassVar[Fault]
    ERROR_500: ClassVar[Fault]
    ERROR_500_AFTER: ClassVar[Fault]
    HTML_200: ClassVar[Fault]
    HTML_200_AFTER: ClassVar[Fault]

    @classmethod
    def rate_limited(cls, seconds: float) -> Fault:
        """A 429 with `Retry-After: seconds`."""
        return cls(Trouble.RATE_LIMITED, seconds=seconds)

    @classmethod
    def late(cls, seconds: float) -> Fault:
        """Accepted seconds after the client lost the connection."""
        return cls(Trouble.LATE, seconds=seconds)

    @classmethod
    def refused(cls, code: str) -> Fault:
        """`ok: false` with this error; nothing is done."""
        return cls(Trouble.REFUSED, code=code)

    @classmethod
    def refused_after(cls, code: str) -> Fault:
        """`ok: false` with this error, though it was done."""
        return cls(Trouble.REFUSED_AFTER, code=code)

    @property
    def does_it(self) -> bool:
        """Whether the call takes effect."""
        return self.trouble in _AFTER


Fault.TIMEOUT_BEFORE = Fault(Trouble.TIMEOUT_BEFORE)
Fault.TIMEOUT_AFTER = Fault(Trouble.TIMEOUT_AFTER)
Fault.DROP_BEFORE = Fault(Trouble.DROP_BEFORE)
Fault.DROP_AFTER = Fault(Trouble.DROP_AFTER)
Fault.HANG = Fault(Trouble.HANG)
Fault.ERROR_500 = Fault(Trouble.ERROR_500)
Fault.ERROR_500_AFTER = Fault(Trouble.ERROR_500_AFTER)
Fault.HTML_200 = Fault(Trouble.HTML_200)
Fault.HTML_200_AFTER = Fault(Trouble.HTML_200_AFTER)


@dataclass
class _Planned:
    method: str
    fault: Fault
    left: int | None
    when: Callable[[Mapping[str, Any]], bool] | None


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def plan(
        self, method: str, fault: Fault, times: int | None, when: Callable[[Mapping[str, Any]], bool] | None
    ) -> None:
        """The next `times` calls of the method (None: all from now on) for which `when(arguments)` holds will fail."""
        self._planned.append(_Planned(method, fault, times, when))

    def clear(self) -> None:
        """No more faults."""
        self._planned.clear()

    def take(self, method: str, arguments: Mapping[str, Any]) -> Fault | None:
        """The fault this call meets, if any; it is used up by that."""
        for planned in self._planned:
            if planned.method == method and (planned.when is None or planned.when(arguments)):
                if planned.left is not None:
                    planned.left -= 1
                    if planned.left <= 0:
                        self._planned.remove(planned)
                return planned.fault
        return None
