"""Adults, students without an account, alerts, and whoever must not be erased yet."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.errors import CoachError, SchoolError
from bot.practice import Fault
from bot.practice.stage import Stage
from bot.services.leaving import erasing as verbs
from bot.services.leaving import ledger, remains, removal
from bot.services.leaving.ledger import Entry
from bot.slack.erasing import LIMITS
from bot.store.models import Alert, AlertEvent, Commitment, Conference, Erasure, Note, Person, Term
from bot.store.session import Store
from scheduler import sealed
from scheduler.deliveries import deliveries
from scheduler.outbox import Draft
from tests.leaving.erased import begin, erase, eraser, said_by_the_bot, tables_with
from tests.slack.test_beside import Sitting
from tests.stages import Student, load, told

CANARY = "zebrafinch"
LOOK = "i am scared to go home because of my dad"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "erasures"


class TestAnAdult:
    @pytest.fixture
    def given(self, noor: Student) -> Student:
        """A student with an idea of Ms. Lind's, something she promised, and something she typed in for the family."""
        noor.finish()
        stage, workspace = noor.stage, noor.stage.workspace.team_id
        with stage.bot.house.store.write() as connection:
            people = {row.key: row.id for row in connection.execute(select(Person.key, Person.id))}
            held = connection.scalar(select(Conference.id).where(Conference.student_id == people["noor"]))
            here = {"workspace": workspace, "conference_id": held}
            note = {**here, "author_id": people["lind"], "kind": "idea", "key": "view:1", "text": CANARY}
            connection.execute(insert(Note).values(**sealed.row(Note, note), at=stage.clock()))
            for key, owner, what in (("1", "lind", CANARY), ("2", "yusuf", "a quiet table")):
                row = {**here, "key": key, "owner_id": people[owner], "owner_name": "", "what": what,
                       "added_by": people["lind"], "added_at": stage.clock()}  # fmt: skip
                connection.execute(insert(Commitment).values(**sealed.row(Commitment, row)))
        stage.people["lind"].dm("hello, who are you?")
        noor.let()
        return noor

    def test_their_own_words_and_data_go(self, given: Student, store: Store, path: Path) -> None:
        assert told(given.stage, "lind")
        erase(given.stage, "lind", path, student=False)
        assert tables_with(store, CANARY) == {}
        assert tables_with(store, "lind@school.example") == {}
        assert tables_with(store, "ULIND") == {}
        assert told(given.stage, "lind") == []

    def test_what_they_did_for_others_stays_without_their_name(self, given: Student, store: Store, path: Path) -> None:
        erase(given.stage, "lind", path, student=False)
        with store.read() as connection:
            added = select(Commitment.what, Person.name, Person.key, Person.active)
            row = connection.execute(added.join(Person, Person.id == Commitment.added_by)).one()
        assert (row.what, row.name, row.active) == ("a quiet table", removal.NAMELESS, False)
        assert "lind" not in row.key

    def test_somebody_nobody_points_to_is_gone_whole(self, given: Student, store: Store, path: Path) -> None:
        erase(given.stage, "yusuf", path, student=False)
        with store.read() as connection:
            assert connection.execute(select(Person.id).where(Person.key == "yusuf")).first() is None

    def test_the_student_they_belong_to_loses_nothing(self, given: Student, store: Store, path: Path) -> None:
        heard = [message.shown for message in given.heard]
        erase(given.stage, "amal", path, student=False)
        assert [message.shown for message in given.heard] == heard
        with store.read() as connection:
            assert connection.scalar(select(Conference.cancelled).join(Person).where(Person.key == "noor")) is False

    @pytest.mark.parametrize(("key", "why"), [("bell", "school.toml"), ("okafor", "the advisor of 12 student")])
    def test_who_is_needed_is_not_erased(self, given: Student, key: str, why: str) -> None:
        with pytest.raises(CoachError, match=why):
            begin(given.stage, key, student=False)


class TestAlerts:
    @pytest.fixture
    def alarmed(self, noor: Student) -> Student:
        """A student somebody must read."""
        noor.arrive()
        noor.tap("Start")
        noor.say(LOOK)
        return noor

    def test_one_that_nobody_has_taken_up_is_never_taken_out(self, alarmed: Student) -> None:
        with pytest.raises(CoachError, match="wait for a counselor"):
            begin(alarmed.stage, "noor", with_alerts=True)

    def test_one_that_was_taken_up_goes_only_where_it_is_said(self, alarmed: Student, store: Store, path: Path) -> None:
        take(store)
        with pytest.raises(CoachError, match="--with-alerts"):
            begin(alarmed.stage, "noor")
        assert [text for text in told(alarmed.stage, "bell") if "Noor" in text]
        erase(alarmed.stage, "noor", path, with_alerts=True)
        assert tables_with(store, LOOK) == {}
        assert [text for text in told(alarmed.stage, "bell") if "Noor" in text] == []
        with store.read() as connection:
            assert connection.execute(select(Alert.id)).first() is None
            assert connection.execute(select(AlertEvent.id)).first() is None


def test_a_student_without_an_account_is_taken_out_of_the_advisors_dm(stage: Stage, store: Store, path: Path) -> None:
    ravi = Sitting(stage)
    ravi.answer()
    before = len([text for text in told(stage, "okafor") if "Ravi" in text])
    assert before >= 3
    said = [one.ts for one in stage.people["okafor"].sees() if not one.app and one.thread_ts == ravi.root.ts]
    begun = erase(stage, "ravi", path)
    assert [text for text in told(stage, "okafor") if "Ravi" in text] == []
    with store.read() as connection:
        left = remains.left(connection, begun.workspace, begun.digest)
    assert set(said) <= {one.id.partition(":")[2] for one in left if one.why == remains.NOT_OURS}


def test_a_digest_that_names_them_is_taken_out_and_its_row_stays(noor: Student, store: Store, path: Path) -> None:
    stage = noor.stage
    noor.arrive()
    stage.plan()
    digests = _digests(stage)
    for _ in range(14):
        if digests:
            break
        stage.wait(days=1)
        stage.plan()
        digests = _digests(stage)
    assert digests
    erase(stage, "noor", path)
    assert _digests(stage) == []
    with store.read() as connection:
        rows = connection.execute(select(deliveries.c.payload).where(deliveries.c.recipient == "UOKAFOR")).all()
    assert [row for row in rows if row.payload.get("message", "").startswith("digest")]


def test_what_tells_an_adult_of_several_students_goes_out_of_slack_and_names_nobody(
    noor: Student, store: Store, path: Path
) -> None:
    stage, now = noor.stage, noor.stage.clock()
    noor.arrive()
    with store.write() as connection:
        about = select(Person.id).where(Person.key == "okafor")
        payload = {"template": "nudge_stopped", "language": "en", "buttons": {}, "silences": ["1"],
                   "context": {"students": ["Noor", "Theo"], "family": []}}  # fmt: skip
        subject = f"person:{connection.scalar(about)}"
        draft = Draft(stage.workspace.team_id, "say", "UOKAFOR", subject, payload, "stopped:1", now)
        stage.bot.house.outbox.put(connection, [draft], now)
    stage.wait(seconds=5)
    assert [text for text in told(stage, "okafor") if "Noor" in text]
    erase(stage, "noor", path)
    assert [text for text in told(stage, "okafor") if "Noor" in text] == []
    with store.read() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.dedupe_key == "stopped:1:0")).one_or_none()
        row = row or connection.execute(select(deliveries).where(deliveries.c.dedupe_key == "stopped:1")).one()
    assert row.payload["silences"] == ["1"]
    assert "context" not in row.payload


def test_a_namesake_keeps_everything(stage: Stage, store: Store, path: Path) -> None:
    with store.write() as connection:
        connection.execute(update(Person).where(Person.key == "mina").values(name="Noor Park"))
    noor, namesake = Student(stage), Student(stage, "mina")
    noor.arrive()
    namesake.arrive()
    heard = [message.shown for message in namesake.heard]
    assert any("Noor" in text for text in heard)
    erase(stage, "noor", path)
    assert [message.shown for message in namesake.heard] == heard
    assert noor.heard == []


class TestSlackInTheWay:
    @pytest.fixture
    def begun(self, noor: Student) -> verbs.Erasing:
        noor.finish()
        return begin(noor.stage, "noor")

    @pytest.mark.parametrize("method", ["chat.delete", "conversations.history", "files.delete"])
    def test_a_rate_limit_is_waited_for(self, noor: Student, begun: verbs.Erasing, method: str) -> None:
        noor.stage.workspace.fault(method, Fault.rate_limited(40))
        before = noor.stage.clock()
        eraser(noor.stage).erase(begun)
        assert noor.stage.clock() - before >= timedelta(seconds=40)
        assert noor.heard == []

    def test_a_call_whose_answer_was_lost_is_made_again(self, noor: Student, begun: verbs.Erasing) -> None:
        noor.stage.workspace.fault("chat.delete", Fault.DROP_AFTER)
        eraser(noor.stage).erase(begun)
        assert noor.heard == []

    def test_no_more_is_asked_of_slack_than_its_tiers_allow(self, noor: Student, begun: verbs.Erasing) -> None:
        before, calls = noor.stage.clock(), len(list(noor.stage.workspace.calls))
        eraser(noor.stage, LIMITS).erase(begun)
        deleted = [one for one in list(noor.stage.workspace.calls)[calls:] if one.method == "chat.delete"]
        minutes = (noor.stage.clock() - before) / timedelta(minutes=1)
        assert len(deleted) > 10
        assert len(deleted) <= 50 * minutes + 1
        assert all(one.ok or one.error == "message_not_found" for one in deleted)

    def test_what_was_in_hand_is_waited_for_and_taken_out(
        self, noor: Student, begun: verbs.Erasing, store: Store, path: Path
    ) -> None:
        stage = noor.stage
        lost = "0193a000-0000-7000-8000-00000000dead"
        channel = stage.workspace.im("UOKAFOR").id
        with store.write() as connection:
            one = connection.execute(select(deliveries).where(deliveries.c.subject == f"person:{begun.person}")).first()
            assert one is not None
            row = {**one._mapping, "id": lost, "dedupe_key": "lost", "state": "sending", "recipient": "UOKAFOR",
                   "payload": {"context": CANARY}, "lease_until": stage.clock() + timedelta(seconds=30),
                   "settled_at": None, "ref_channel": None, "ref_ts": None}  # fmt: skip
            del row["seq"]
            connection.execute(insert(deliveries).values(**sealed.row(deliveries, row)))
        stage.bot.api.call("chat.postMessage", {
            "channel": channel, "text": CANARY,
            "metadata": {"event_type": "conference_coach_delivery", "event_payload": {"delivery": lost}},
        })  # fmt: skip
        before = stage.clock()
        eraser(stage).erase(begun)
        assert stage.clock() - before >= timedelta(seconds=30)
        assert not any(CANARY in text for text in said_by_the_bot(stage))


class TestComingBack:
    def test_a_roster_that_brings_them_back_is_refused_by_its_row(self, noor: Student, path: Path) -> None:
        erase(noor.stage, "noor", path)
        with pytest.raises(SchoolError) as raised:
            load(noor.stage)
        (problem,) = raised.value.problems
        assert problem.startswith("roster.csv, row 2, column id: “noor” was erased on 2026-11-30.")
        assert problem.endswith("conference-coach erase --allow noor")

    def test_who_is_allowed_to_is_loaded_as_somebody_new(self, noor: Student, store: Store, path: Path) -> None:
        begun = erase(noor.stage, "noor", path)
        with store.write() as connection:
            assert verbs.allow(connection, begun.workspace, "noor", path, noor.stage.clock())
        load(noor.stage)
        with store.read() as connection:
            assert connection.scalar(select(Person.active).where(Person.key == "noor")) is True
        assert [one.allowed for one in ledger.read(path)] == [False, True]

    def test_nobody_is_allowed_back_who_was_not_erased(self, noor: Student, store: Store, path: Path) -> None:
        with store.write() as connection:
            assert not verbs.allow(connection, noor.stage.workspace.team_id, "noor", path, noor.stage.clock())
        assert ledger.read(path) == ()

    def test_after_a_restore_the_ledger_takes_them_out_again(self, noor: Student, store: Store) -> None:
        noor.finish()
        workspace, now = noor.stage.workspace.team_id, noor.stage.clock()
        entry = Entry(workspace, ledger.digest(workspace, "noor"), now)
        assert verbs.again(store, [entry], now) == 1
        assert tables_with(store, "measured the scale") == {}
        with store.read() as connection:
            assert connection.execute(select(Person.id).where(Person.key == "noor")).first() is None
            assert list(verbs.erased(connection, workspace, ["noor", "mina"])) == ["noor"]
        assert verbs.again(store, [entry], now) == 0

    def test_what_was_erased_before_the_copy_was_made_is_not_erased_again(self, noor: Student, store: Store) -> None:
        workspace, now = noor.stage.workspace.team_id, noor.stage.clock()
        entry = Entry(workspace, ledger.digest(workspace, "noor"), now - timedelta(days=2))
        assert verbs.again(store, [entry], now, since=now - timedelta(days=1)) == 0
        with store.read() as connection:
            assert connection.execute(select(Erasure.id)).first() is None

    def test_who_was_allowed_back_after_the_copy_loses_the_old_words_and_may_be_loaded(
        self, noor: Student, store: Store
    ) -> None:
        workspace, now = noor.stage.workspace.team_id, noor.stage.clock()
        digest = ledger.digest(workspace, "noor")
        entries = [Entry(workspace, digest, now), Entry(workspace, digest, now + timedelta(hours=1), allowed=True)]
        assert verbs.again(store, entries, now) == 1
        load(noor.stage)

    def test_who_is_not_in_the_copy_is_still_kept_out(self, noor: Student, store: Store) -> None:
        workspace, now = noor.stage.workspace.team_id, noor.stage.clock()
        assert verbs.again(store, [Entry(workspace, ledger.digest(workspace, "mallory"), now)], now) == 0
        with store.read() as connection:
            assert list(verbs.erased(connection, workspace, ["mallory"])) == ["mallory"]


def test_a_running_bot_goes_on_with_what_was_begun(noor: Student, store: Store) -> None:
    noor.finish()
    begun = begin(noor.stage, "noor")
    noor.stage.bot.leaving()
    assert noor.heard == []
    with store.read() as connection:
        assert verbs.begun(connection, begun.workspace) == []
        assert connection.execute(select(Person.id).where(Person.key == "noor")).first() is None


def take(store: Store) -> None:
    """A counselor takes up every alert."""
    with store.write() as connection:
        bell = connection.scalar(select(Person.id).where(Person.key == "bell"))
        assert connection.execute(update(Alert).values(taken_by=bell)).rowcount
        assert connection.scalar(select(Term.id).limit(1))


def _digests(stage: Stage) -> list[str]:
    """Those of the bot's messages to Ms. Okafor that tell of all her students."""
    return [text for text in told(stage, "okafor") if "Your" in text and "students" in text]
