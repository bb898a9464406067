"""The load test's own eyes: they see what was lost, what stands there twice, and what is not there."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert, select

from bot.practice.targets import Delivery, Sort
from bot.store.models import Answer, Conversation, SeenEvent
from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import deliveries
from tests.bench import school
from tests.bench.load.crowd import Student
from tests.bench.load.gestures import Did
from tests.bench.load.outcome import outcome
from tests.bench.stub import TEAM
from tests.bench.students import SCRIPT

AT = datetime(2026, 11, 30, 15, tzinfo=UTC)


def _did(place: int) -> Did:
    words = str(SCRIPT[place])
    return Did(f"17960600{place:02}.000100", words, Delivery(Sort.EVENT, {"event_id": f"EvDid{place}"}))


def _noor(answers: int) -> Student:
    return Student(1, "D1", did=[_did(place) for place in range(answers)])


def _store(store: Store, did: Did, text: str) -> None:
    """As the bot would have: the event's id, and the answer."""
    with store.write() as connection:
        conversation = connection.scalars(select(Conversation.id).where(Conversation.workspace == TEAM)).one()
        seen = {"workspace": TEAM, "id": did.delivery.payload["event_id"], "at": AT}
        answer = {
            "workspace": TEAM, "conversation_id": conversation, "flow": "letter", "question": "learner", "round": 1,
            "ts": did.ts, "revised": "", "act": "said", "text": text, "choices": "", "evidence": [], "alarm": "",
            "at": AT,
        }  # fmt: skip
        connection.execute(insert(SeenEvent), [seen])
        connection.execute(insert(Answer), [sealed.row(Answer, answer)])


def _sent(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(deliveries.c.id).where(deliveries.c.workspace == TEAM)))


def test_all_that_was_acknowledged_and_is_stored_and_stands_there_once_is_good(store: Store) -> None:
    school.fill(store, 1)
    student = _noor(2)
    for did in student.did:
        _store(store, did, did.said)
    found = outcome(store, [student], [("D1", one) for one in _sent(store)], set())
    assert found.good, found


def test_an_answer_that_is_not_stored_is_lost_and_so_is_one_with_other_words(store: Store) -> None:
    school.fill(store, 1)
    student = _noor(3)
    _store(store, student.did[0], student.did[0].said)
    _store(store, student.did[1], "something else")
    found = outcome(store, [student], [], set(_sent(store)))
    assert [one.split()[1] for one in found.lost] == [student.did[1].ts, student.did[2].ts]
    assert not found.good


def test_a_message_that_stands_there_twice_is_seen_and_one_that_does_not(store: Store) -> None:
    school.fill(store, 1)
    first, second, *others = _sent(store)
    found = outcome(store, [], [("D1", first), ("D1", first), *(("D1", one) for one in others)], set())
    assert (found.doubled, found.missing) == (1, 1)
    assert not found.good
    assert second not in others


def test_a_message_nobody_knows_to_have_been_sent_is_one_too_many(store: Store) -> None:
    school.fill(store, 1)
    known = _sent(store)
    found = outcome(store, [], [("D1", "unheard of"), *(("D1", one) for one in known)], set())
    assert found.doubled == 1
