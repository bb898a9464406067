"""How much of the meeting students lead: another level, and all that was done before is still there."""

from __future__ import annotations

from sqlalchemy import event, select

from bot.services.roster import levels
from bot.store.models import Conference, Person, Term
from tests.slack.test_command import answer
from tests.stages import STRENGTHS, Student, load

OWN = '# [advisor_level]\n# varga = "half"'
"""Where the sample school's file has room for the levels of advisors."""

TERM = "starts = 2026-09-08\nends = 2026-12-18"


def test_an_advisors_level_beats_the_terms_which_beats_the_schools(noor: Student) -> None:
    load(noor.stage, {TERM: f'{TERM}\nlevel = "letter"', OWN: '[advisor_level]\nvarga = "half"'})
    asked: list[str] = []
    workspace, store = noor.stage.workspace.team_id, noor.stage.bot.house.store
    with store.read() as connection:
        rows = connection.execute(
            select(Conference.id, Conference.student_id, Conference.term_id, Person.key)
            .join(Person, Person.id == Conference.student_id)
            .where(Person.key.in_(["noor", "mateo"]))
        ).all()
        hers = {row.key: row for row in rows}
        event.listen(store.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
        every = levels.of_conferences(connection, workspace, None)
        assert len(asked) == 1
        assert len(every) == 24
        assert {key: every[row.id] for key, row in hers.items()} == {"noor": "letter", "mateo": "half"}
        winter = connection.scalar(select(Term.id).where(Term.name == "Winter 2027"))
        assert levels.of(connection, workspace, hers["noor"].student_id, winter) == "piece"
        assert levels.of(connection, workspace, hers["mateo"].student_id, winter) == "half"
        assert levels.of(connection, workspace) == "piece"


def test_moving_up_keeps_what_was_done_and_moving_down_hides_what_was_more(noor: Student) -> None:
    noor.finish()
    assert "You've done 3 of 3 parts" in answer(noor.stage, "noor")
    load(noor.stage, {OWN: '[advisor_level]\nokafor = "full"'})
    assert "You've done 3 of 7 parts. Next: _Getting stuck_" in answer(noor.stage, "noor")
    assert "3 of 7 parts" in answer(noor.stage, "okafor", "status noor")
    answer(noor.stage, "noor", "start")
    assert "Where do you get stuck?" in noor.last.shown
    load(noor.stage, {OWN: '[advisor_level]\nokafor = "letter"'})
    noor.say("I get stuck when a word problem has three steps.")  # an answer to a question that is asked no more
    assert "Your letter" in noor.last.buttons
    assert "Getting stuck" not in noor.last.buttons
    assert "You've done 2 of 2 parts" in answer(noor.stage, "noor")
    noor.say("preview")
    assert STRENGTHS["best_at"] not in noor.last.shown
    load(noor.stage)
    noor.say("preview")
    assert STRENGTHS["best_at"] in noor.last.shown
    load(noor.stage, {OWN: '[advisor_level]\nokafor = "full"'})
    assert "You've done 3 of 7 parts" in answer(noor.stage, "noor")
    with noor.stage.bot.house.store.read() as connection:
        assert connection.scalar(select(Person.level).where(Person.key == "okafor")) == "full"


def test_a_question_the_level_no_longer_has_is_left_and_the_way_goes_on(noor: Student) -> None:
    load(noor.stage, {OWN: '[advisor_level]\nokafor = "full"'})
    noor.answer()
    noor.say("menu")
    noor.tap("Your agenda")
    assert "what do you want to start with?" in noor.last.shown
    load(noor.stage)
    noor.say("My goals")
    assert "Your agenda" in noor.last.buttons
    noor.say("start")
    noor.approve()
    assert not noor.person.trouble
    assert "3 of 3 parts" in answer(noor.stage, "okafor", "status noor")
