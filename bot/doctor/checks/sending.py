"""What waits to be said: whether it goes out, and what did not."""

from __future__ import annotations

from datetime import timedelta

from bot.doctor.finding import Finding, doubtful, failed, fine
from bot.doctor.look import Look
from scheduler import operating
from scheduler.operating import Entry, Standing

LATE, TOO_LATE = timedelta(minutes=10), timedelta(hours=1)
RECENT = timedelta(days=7)
MOST = 100
RUN, OUTBOX = "conference-coach run", "conference-coach outbox"


def due(look: Look) -> Finding:
    """How long the oldest that is due has waited."""
    oldest = _first(look, Standing.DUE)
    late = look.now - oldest.delivery.due_at if oldest else timedelta()
    if oldest is None or late < LATE:
        return fine("Nothing is overdue.", OUTBOX)
    said = f"The oldest message that is due has waited for {_long(late)}."
    remedy = f"See that the bot is at work: {RUN} (or worker), and read its log. What waits: {OUTBOX}"
    return (failed if late >= TOO_LATE else doubtful)(said, RUN, remedy)


def unknown(look: Look) -> Finding:
    """Whether something may have arrived, and is not being looked for."""
    oldest = _first(look, Standing.UNKNOWN)
    late = look.now - oldest.delivery.due_at if oldest else timedelta()
    if late < LATE:
        return fine("Of nothing it is unknown whether it arrived.", OUTBOX)
    said = f"Of a message it has been unknown for {_long(late)} whether it arrived."
    return doubtful(said, OUTBOX, f"See that the bot is at work, and look: {OUTBOX} --state unknown")


def dead(look: Look) -> Finding:
    """Whether something was refused for good lately."""
    with look.store.read() as connection:
        found = operating.listed(connection, look.workspace, look.now, (Standing.DEAD,), limit=MOST)
    recent = [one for one in found if (one.delivery.settled_at or look.now) > look.now - RECENT]
    if recent:
        many = f"{len(recent)}{' or more' if len(recent) == MOST else ''}"
        said = (
            f"{many} message{'s' if len(recent) > 1 else ''} of the last week {'were' if len(recent) > 1 else 'was'} \
refused for good."
        )
        return doubtful(said, OUTBOX, f"Look why, and try again or drop: {OUTBOX} --state dead")
    return fine("Nothing was refused for good in the last week.", OUTBOX)


def _first(look: Look, standing: Standing) -> Entry | None:
    with look.store.read() as connection:
        return next(iter(operating.listed(connection, look.workspace, look.now, (standing,), limit=1)), None)


def _long(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
