"""Making all checks, in their order: what a check needs and does not find, it is not made without."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from bot.doctor.discreet import discreet
from bot.doctor.finding import Finding, State, failed, unseen
from bot.doctor.look import Look
from bot.doctor.table import CHECKS, Check
from scheduler.failures import named


@dataclass(frozen=True, slots=True)
class Result:
    """A check, and what it found."""

    check: Check
    finding: Finding


def examine(look: Look, checks: Sequence[Check] = CHECKS) -> list[Result]:
    """The results of all checks. No secret of the variables is in them, and nothing was changed. Closes the look."""
    hide = discreet(look.environ)
    found: dict[str, Finding] = {}
    with closing(look):
        for check in checks:
            finding = _made(check, look, found)
            found[check.name] = Finding(finding.state, hide(finding.said), finding.concerns, hide(finding.remedy))
    return [Result(check, found[check.name]) for check in checks]


def _made(check: Check, look: Look, found: dict[str, Finding]) -> Finding:
    for need in check.needs:
        if found[need].state is State.FAILED:
            return unseen(f"{need} failed", found[need].concerns)
        if found[need].state is State.NOT_LOOKED_AT:
            return unseen(_because(need, found[need]), found[need].concerns)
    try:
        return check.check(look)
    except Exception as error:  # a fault of ours must not keep the others from being made
        remedy = "Look at what the others say first; if all of them are in order, please report it."
        return failed(f"The check itself failed ({named(error)}).", "", remedy)


def _because(need: str, finding: Finding) -> str:
    return finding.said.removeprefix("Not looked at, because ").rstrip(".") or f"{need} was not looked at"
