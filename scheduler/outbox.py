"""The outbox: everything the bot is to say goes in here with the turn that wished it, and leaves once.

    scheduled → sending → sent                      refused for good → dead
    sending → scheduled (for now)                   no longer wanted → cancelled; too late → expired
    sending → unknown → found: sent | not found twice: scheduled

Every verb works in the caller's transaction and takes the time as an aware datetime. On SQLite that transaction must be
`BEGIN IMMEDIATE`. Of one lane (workspace and recipient) only one process has deliveries in hand at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Update, select

from scheduler import planned, sealed, statements
from scheduler.deliveries import Delivery, Draft, State, born, deliveries, from_row, metadata, new_ids
from scheduler.outcomes import (
    Later,
    Postponed,
    Refused,
    Released,
    Sent,
    Settlement,
    TooLate,
    Unknown,
    Unwanted,
    Verdict,
)
from scheduler.prepared import Prepared
from scheduler.replan import Change, Changes

__all__ = [
    "EMPTIED",
    "Change",
    "Changes",
    "Delivery",
    "Draft",
    "Outbox",
    "State",
    "deliveries",
    "lightened",
    "metadata",
]

SHORTEST_WAIT = timedelta(milliseconds=100)
"""A refusal for now is never tried again sooner than this."""

TIMES_MISSING = 2
"""So often must a delivery not be found before it is sent again."""

LIGHTENED = 500
"""So many settled deliveries are cut down in one transaction."""

EMPTIED = "emptied"
"""In a payload: something of it was let go of, so that it cannot be sent again."""


@dataclass(frozen=True, slots=True)
class Lightened:
    """So many payloads were cut down; `after`: the `seq` to go on from, None at the end."""

    count: int
    after: int | None


def lightened(payload: Mapping[str, Any], keep: Collection[str]) -> dict[str, Any]:
    """A payload with nothing in it but what stays; the same where that is all of it."""
    if not payload.keys() - keep:
        return dict(payload)
    return {name: value for name, value in payload.items() if name in keep} | {EMPTIED: True}


class Outbox:
    """The verbs of the deliveries table, for one process.

    owner: names this process and this start of it; never used again by another.
    lease: how long a claimed delivery is this process's; a call must have begun in its first half and end within it.
    settle_after: how long Slack may take to make up its mind about a call whose answer was lost.
    workspace: the only one whose deliveries this process can send; None for all there are.
    """

    def __init__(
        self,
        owner: str,
        lease: timedelta = timedelta(seconds=60),
        settle_after: timedelta = timedelta(seconds=10),
        workspace: str | None = None,
    ) -> None:
        self.owner = owner
        self.lease = lease
        self.settle_after = settle_after
        self.workspace = workspace

    # --- put -------------------------------------------------------------------------------------------------

    def put(
        self, connection: Connection, drafts: Sequence[Draft], now: datetime, *, claim: bool = False
    ) -> list[Delivery]:
        """Store what is wished for and return it; a draft whose dedupe_key is already there is left out.

        With `claim` a draft that is due is born in this process's hands (state `sending`), to be handed over to the
        dispatcher after the commit. It is born `scheduled` instead while an earlier one of its lane waits, is unknown,
        or is in another process's hands.
        """
        if not claim:
            return self._insert(connection, [self._values(draft, now) for draft in drafts])
        put = (self._put_claimed(connection, draft, now) for draft in drafts)
        return [delivery for delivery in put if delivery is not None]

    def _put_claimed(self, connection: Connection, draft: Draft, now: datetime) -> Delivery | None:
        values = self._values(draft, now)
        if draft.due_at > now:
            stored = self._insert(connection, [values])
            return stored[0] if stored else None
        values.update(owner=self.owner, lease_until=now + self.lease, fence=1)
        row = statements.INSERT_CLAIMED.first(connection, {**sealed.row(deliveries, values), "now": now})
        if row is None:
            return None
        seq, state, behind = row
        if state == State.SCHEDULED:
            return born(seq, self._values(draft, now) | {"id": values["id"]})
        return born(seq, values | {"state": state}, _claims(behind))

    def _values(self, draft: Draft, now: datetime) -> dict[str, Any]:
        return {
            "id": new_ids(now, 1)[0],
            "workspace": draft.workspace,
            "kind": draft.kind,
            "recipient": draft.recipient,
            "subject": draft.subject,
            "payload": draft.payload,
            "dedupe_key": draft.dedupe_key,
            "due_at": draft.due_at,
            "next_at": draft.due_at,
            "expires_at": draft.expires_at,
            "state": State.SCHEDULED.value,
            "owner": None,
            "lease_until": None,
            "fence": 0,
            "created_at": now,
        }

    def _insert(self, connection: Connection, rows: list[dict[str, Any]]) -> list[Delivery]:
        if not rows:
            return []
        written = [sealed.row(deliveries, row) for row in rows]
        stored = connection.execute(statements.INSERT[connection.dialect.name], written).all()
        seqs = {identity: seq for seq, identity in stored}
        return [born(seqs[row["id"]], row) for row in rows if row["id"] in seqs]

    # --- claim and settle ------------------------------------------------------------------------------------

    def claimable(self, connection: Connection, now: datetime) -> list[str]:
        """The workspaces that have something due that this process can send."""
        return [name for name in connection.scalars(statements.DUE_WORKSPACES, {"now": now}) if self.takes(name)]

    def takes(self, workspace: str) -> bool:
        """Whether this process can send what is of a workspace."""
        return self.workspace in (None, workspace)

    def claim(self, connection: Connection, now: datetime, limit: int, workspace: str | None = None) -> list[Delivery]:
        """Take what is due into this process's hands: the first of each free lane, at most `limit` a workspace."""
        chosen = self.claimable(connection, now) if workspace is None else [workspace]
        claimed: list[Delivery] = []
        for name in chosen:
            values = {"now": now, "limit": limit, "in_workspace": name, "me": self.owner, "new_lease": now + self.lease}
            claimed.extend(from_row(row) for row in connection.execute(statements.CLAIM, values))
        return sorted(claimed, key=lambda each: (each.due_at, each.seq))

    def settle(self, connection: Connection, settlements: Sequence[Settlement], now: datetime) -> list[Settlement]:
        """Write down what became of deliveries in hand, all of one workspace; returns those that were still in hand.

        What is left out had its lease swept, or was forgotten: whoever has it now decides.
        """
        batches: dict[Prepared, list[dict[str, Any]]] = {}
        for settlement in settlements:
            statement, values = self._settling(settlement.delivery, settlement.verdict, now)
            batches.setdefault(statement, []).append({**_held(settlement.delivery), "now": now, **values})
        changed = sum(statement.many(connection, values) for statement, values in batches.items())
        if changed == len(settlements):
            return list(settlements)
        return self._still_ours(connection, settlements)

    def _still_ours(self, connection: Connection, settlements: Sequence[Settlement]) -> list[Settlement]:
        table = deliveries.c
        chosen = table.seq.in_([settlement.delivery.seq for settlement in settlements])
        ours = table.workspace == settlements[0].delivery.workspace
        rows = connection.execute(select(table.id, table.fence).where(ours, chosen))
        fences = {row.id: row.fence for row in rows}
        return [each for each in settlements if fences.get(each.delivery.id) == each.delivery.fence]

    def _settling(self, delivery: Delivery, verdict: Verdict, now: datetime) -> tuple[Prepared, dict[str, Any]]:
        match verdict:
            case Sent(channel, ts):
                return statements.FINISH, _final(State.SENT, tried=1, channel=channel, ts=ts)
            case Refused(reason):
                return statements.FINISH, _final(State.DEAD, tried=1, reason=reason)
            case Unwanted(reason):
                return statements.FINISH, _final(State.CANCELLED, tried=0, reason=reason)
            case TooLate():
                return statements.FINISH, _final(State.EXPIRED, tried=0)
            case Unknown(reason):
                return statements.DOUBT, {"new_next": now + self.settle_after, "new_reason": reason}
            case Later(seconds, reason):
                again = now + max(timedelta(seconds=seconds), SHORTEST_WAIT)
                return statements.GIVE_BACK, _back(delivery.due_at, again, tried=1, reason=reason)
            case Postponed(until, reason):
                until = max(until, now + SHORTEST_WAIT)
                return statements.GIVE_BACK, _back(until, until, tried=0, reason=reason)
            case Released(until):
                return statements.GIVE_BACK, _back(delivery.due_at, until or now, tried=0, reason=delivery.reason)

    # --- what is unknown -------------------------------------------------------------------------------------

    def sweep(self, connection: Connection, now: datetime) -> int:
        """Leases that ran out: nobody knows what became of those deliveries. Returns how many."""
        values = {"now": now, "new_next": now + self.settle_after, "new_reason": "lease ran out"}
        return len(connection.execute(statements.SWEEP, values).all())

    def recover(self, connection: Connection, now: datetime) -> int:
        """At the start of the only process there is (SQLite): what the one before had in hand is unknown at once."""
        values = {"me": self.owner, "new_next": now + self.settle_after, "new_reason": "the process ended"}
        return len(connection.execute(statements.RECOVER, values).all())

    def due_for_check(self, connection: Connection, now: datetime, limit: int) -> list[Delivery]:
        """Take unknown deliveries to look for; nobody else looks for them within a lease."""
        values = {"now": now, "limit": limit, "me": self.owner, "new_next": now + self.lease}
        if self.workspace is None:
            return [from_row(row) for row in connection.execute(statements.CLAIM_CHECK, values)]
        values["in_workspace"] = self.workspace
        return [from_row(row) for row in connection.execute(statements.CLAIM_CHECK_OF_ONE, values)]

    def checked(self, connection: Connection, delivery: Delivery, found: Sent | Unknown | None, now: datetime) -> bool:
        """Write down what looking came to; None is "not there". False if somebody else has it by now.

        `now` is when the look ended. Not there twice, at least `settle_after` apart: it is scheduled again.
        """
        values: dict[str, Any] = {}
        match found:
            case Sent(channel, ts):
                statement, values = statements.FOUND, {"new_channel": channel, "new_ts": ts}
            case None if delivery.missing + 1 >= TIMES_MISSING:
                statement = statements.NOT_THERE
            case _:
                reason = delivery.reason if found is None else found.reason
                missed = 1 if found is None else 0
                again = now + self.settle_after
                statement, values = statements.LOOK_AGAIN, {"missed": missed, "new_next": again, "new_reason": reason}
        values.update(_held(delivery), now=now)
        return connection.execute(statement, values).rowcount == 1

    # --- no longer -------------------------------------------------------------------------------------------

    def expire(self, connection: Connection, now: datetime) -> int:
        """What waits past its `expires_at` is too late. Returns how many."""
        return connection.execute(statements.EXPIRE, {"now": now}).rowcount

    def cancel(
        self,
        connection: Connection,
        workspace: str,
        now: datetime,
        reason: str,
        *,
        subject: str | None = None,
        prefix: str | None = None,
        recipient: str | None = None,
        spare: str = "",
    ) -> int:
        """No longer wanted: all of one subject, all whose dedupe_key begins with `prefix`, or all to one recipient, but
        for what has a key that begins with `spare`. Returns how many waited.

        What is in hand or unknown at this moment may still arrive, but is not tried again.
        """
        if sum(given is not None for given in (subject, prefix, recipient)) != 1:
            raise ValueError("cancel by a subject, by a prefix of the dedupe_key or by a recipient, one of them")
        if subject is not None:
            return _cancel(connection, statements.CANCEL_SUBJECT, _about(workspace, subject), reason, now)
        if recipient is not None:
            lane = {"in_workspace": workspace, "to_recipient": recipient, **_sparing(spare)}
            return _cancel(connection, statements.CANCEL_LANE, lane, reason, now)
        return _cancel(connection, statements.CANCEL_PREFIX, _with_prefix(workspace, prefix or ""), reason, now)

    def forget(self, connection: Connection, workspace: str, subject: str) -> int:
        """Erase every delivery about a subject, whatever its state. Returns how many.

        One that is being sent at this moment may still arrive.
        """
        return connection.execute(statements.FORGET, _about(workspace, subject)).rowcount

    def purge(self, connection: Connection, before: datetime) -> int:
        """Erase what was settled before that instant; its dedupe_key may then be used again. Returns how many."""
        return connection.execute(statements.PURGE, {"before": before}).rowcount

    def lighten(
        self, connection: Connection, workspace: str, since: datetime, before: datetime, keep: Collection[str],
        after: int = 0,
    ) -> Lightened:  # fmt: skip
        """Cut down what deliveries carry that were settled from `since` on and before `before`: of each payload the
        names in `keep` stay. The rows stay too, with their dedupe_keys and what became of them.

        after: the `seq` to go on from, where the one before had not come to the end. LIGHTENED rows at most are looked
        at, so that nobody waits long for the transaction.
        """
        values = {"in_workspace": workspace, "since": since, "before": before, "after": after, "limit": LIGHTENED}
        rows = connection.execute(statements.HEAVY, values).all()
        light = [row for row in rows if row.payload.keys() - keep - {EMPTIED}]
        for row in light:
            payload = sealed.cell(deliveries.c.payload, lightened(row.payload, keep), id=row.id)
            held = {"in_workspace": workspace, "held_seq": row.seq, "before": before, "new_payload": payload}
            connection.execute(statements.LIGHTEN, held)
        return Lightened(len(light), rows[-1].seq if len(rows) == LIGHTENED else None)

    # --- replan ----------------------------------------------------------------------------------------------

    def replan(
        self, connection: Connection, workspace: str, scope: str, wished: Sequence[Draft], now: datetime
    ) -> Changes:
        """Make what waits under a prefix of the dedupe_key what is wished for, and touch nothing already tried or sent.

        A wish that was replanned away or expired before comes back. Every wish must be of the workspace and scope.
        """
        return self.replan_many(connection, workspace, {scope: wished}, now)

    def replan_many(
        self, connection: Connection, workspace: str, wishes: Mapping[str, Sequence[Draft]], now: datetime
    ) -> Changes:
        """`replan` of many scopes at once: by scope, what is wished for under it.

        A scope is a prefix that no other scope begins with ("nudge:person:12:", with its closing colon).
        """
        difference = planned.difference(connection, workspace, wishes, now)
        return difference.changes(planned.carry_out(connection, workspace, difference, now))

    def differs(
        self, connection: Connection, workspace: str, wishes: Mapping[str, Sequence[Draft]], now: datetime
    ) -> bool:
        """Whether `replan_many` would change a row. It only reads, and locks nothing."""
        return bool(planned.difference(connection, workspace, wishes, now))


def _held(delivery: Delivery) -> dict[str, Any]:
    return {
        "held_workspace": delivery.workspace,
        "held_seq": delivery.seq,
        "held_id": delivery.id,
        "held_fence": delivery.fence,
    }


def _claims(behind: str | None) -> tuple[tuple[int, int], ...]:
    """From "seq:fence,seq:fence"."""
    pairs = (pair.split(":") for pair in behind.split(",")) if behind else ()
    return tuple((int(seq), int(fence)) for seq, fence in pairs)


def _final(
    state: State, *, tried: int, reason: str | None = None, channel: str | None = None, ts: str | None = None
) -> dict[str, Any]:
    return {"new_state": state.value, "tried": tried, "new_reason": reason, "new_channel": channel, "new_ts": ts}


def _back(due_at: datetime, next_at: datetime, *, tried: int, reason: str | None) -> dict[str, Any]:
    return {"new_due": due_at, "new_next": next_at, "tried": tried, "new_reason": reason}


def _about(workspace: str, subject: str) -> dict[str, Any]:
    return {"in_workspace": workspace, "of_subject": subject}


def _sparing(spare: str) -> dict[str, Any]:
    """A range of keys; with nothing to spare, one that no key is in."""
    return {"spare": spare, "spare_end": spare + "\U0010ffff" if spare else ""}


def _with_prefix(workspace: str, prefix: str) -> dict[str, Any]:
    return {"in_workspace": workspace, "prefix": prefix, "prefix_end": prefix + "\U0010ffff"}


def _cancel(
    connection: Connection, pair: tuple[Update, Update], where: dict[str, Any], reason: str, now: datetime
) -> int:
    waiting, in_hand = pair
    cancelled = connection.execute(waiting, {**where, "new_reason": reason, "now": now}).rowcount
    connection.execute(in_hand, {**where, "new_reason": reason})
    return cancelled
