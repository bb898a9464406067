"""What a student approved: exactly these revisions. Less may be shown later, never more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bot.conference.agenda import NOTHING_ADDED, Added, Agenda, Settings, compile_agenda
from bot.conference.answers import Given, Revision, Spot, fold, taken_back
from bot.dialogue.flow import Flow


def approval_items(agenda: Agenda) -> list[dict[str, Any]]:
    """What is stored when a student approves this agenda: `Approval.items`, without any words."""
    return [{**line.spot._asdict(), "revisions": list(line.revisions)} for line in agenda.lines]


def approved_agenda(
    items: Sequence[Mapping[str, Any]],
    revisions: Collection[Revision],
    settings: Settings,
    flows: Mapping[str, Flow],
    minutes: int,
    opening: str = "",
    *,
    added: Added = NOTHING_ADDED,
) -> Agenda:
    """The agenda as it was approved, minus what was since withdrawn, flagged, held back or taken off.

    `items` and `opening` are the approval's; `revisions` all of the conference, for an approved revision that was
    edited since stands until the student approves again. ValueError if `minutes` < 1.
    """
    now = fold(revisions)
    approved = _approved(items, revisions, now)
    return compile_agenda(approved, settings, flows, minutes, opening, asked=now, added=added)


def needs_approval(
    items: Sequence[Mapping[str, Any]],
    approved_opening: str,
    revisions: Collection[Revision],
    settings: Settings,
    flows: Mapping[str, Flow],
    minutes: int,
    opening: str = "",
) -> bool:
    """Whether the agenda the answers make now says anything that was not approved, or says it in another order.

    Saying less needs no approval.
    """
    current = compile_agenda(fold(revisions), settings, flows, minutes, opening)
    posted = approved_agenda(items, revisions, settings, flows, minutes, approved_opening)
    known = {line.spot: line.revisions for line in posted.lines}
    return opening != approved_opening or any(known.get(line.spot) != line.revisions for line in current.lines)


def _approved(
    items: Iterable[Mapping[str, Any]], revisions: Collection[Revision], now: Mapping[Spot, Given]
) -> dict[Spot, Given]:
    """The answers as approved, of those that still stand in some form."""
    wanted = {
        (Spot(item["flow"], item["question"], item["round"]), number) for item in items for number in item["revisions"]
    }
    gone = taken_back(revisions)
    kept = (one for one in revisions if (one.spot, one.id) in wanted and one.id not in gone)
    return {spot: given for spot, given in fold(kept).items() if spot in now and not now[spot].alarm}
