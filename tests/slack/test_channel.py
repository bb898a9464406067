"""A conference's channel: made once, private, filled with those who belong there; who cannot come is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.practice import Fault
from bot.practice.channel import Kind
from bot.practice.stage import Stage
from bot.school import read_school
from bot.services.roster.following import followed
from bot.services.roster.load import load_school
from bot.services.speech import Kind as DeliveryKind
from bot.slack.gathering import ChannelMaker, channel_name
from bot.store.models import Conference, Participant, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft
from scheduler.outcomes import Sent
from tests.stages import Student, agenda, conference_channels, staged, told

NAME = "conf-noor-12-10"
EVERYONE = {"UNOOR", "UOKAFOR", "UREYES", "ULIND", "UAMAL", "UYUSUF"}
LOST_ANSWERS = [
    Fault.refused_after("fatal_error"),
    Fault.refused_after("internal_error"),
    Fault.DROP_AFTER,
]


def reports(stage: Stage, key: str = "okafor") -> list[str]:
    """What the advisor was told about people who could not be brought into the channel."""
    return [text for text in told(stage, key) if "couldn't bring everyone" in text]


def test_the_channel_is_private_and_has_those_who_belong_there(noor: Student) -> None:
    noor.finish()
    channel = noor.stage.workspace.channel(NAME)
    assert channel is not None
    assert channel.kind is Kind.PRIVATE
    assert set(channel.members) == {*EVERYONE, noor.stage.workspace.bot_user}


def test_the_channels_name_does_not_tell_the_students_full_name(noor: Student) -> None:
    noor.finish()
    assert "haddad" not in " ".join(channel.name for channel in conference_channels(noor.stage))


def test_the_name_follows_the_schools_own_template(store: Store, tmp_path: Path) -> None:
    overlay = tmp_path / "prompts" / "en"
    overlay.mkdir(parents=True)
    packaged = (Path(__file__).parents[2] / "prompts" / "en" / "labels.toml").read_text("utf-8")
    template = 'name = "conf-{{ first }}-{{ month }}-{{ day }}"'
    assert template in packaged
    changed = packaged.replace(template, 'name = "SLC {{ day }}/{{ month }} {{ first }}!"')
    (overlay / "labels.toml").write_text(changed, "utf-8")
    with staged(store, Words.load(tmp_path / "prompts"), tmp_path / "school") as stage:
        Student(stage).finish()
        assert [channel.name for channel in conference_channels(stage)] == ["slc-10-12-noor"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("Conf-José María", "conf-jose-maria"), ("  --x__y--  ", "x__y"), ("李小龙", "conference"), ("A" * 99, "a" * 80)],
)
def test_any_name_becomes_one_that_slack_takes(text: str, name: str) -> None:
    assert channel_name(text) == name


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=lambda fault: f"{fault.trouble}-{fault.code}")
def test_a_channel_made_though_the_answer_was_lost_is_found_again(noor: Student, fault: Fault) -> None:
    noor.stage.workspace.fault("conversations.create", fault)
    noor.finish()
    noor.stage.wait(seconds=11)
    assert [channel.name for channel in conference_channels(noor.stage)] == [NAME]
    assert "Things click for me" in agenda(noor.stage)


@pytest.mark.parametrize("fault", [Fault.refused("fatal_error"), Fault.DROP_BEFORE], ids=["fatal_error", "dropped"])
def test_a_channel_that_was_not_made_is_made_after_looking_twice(noor: Student, fault: Fault) -> None:
    noor.stage.workspace.fault("conversations.create", fault)
    noor.finish()
    noor.stage.wait(seconds=11)
    assert conference_channels(noor.stage) == []
    noor.stage.wait(seconds=11)
    assert "Things click for me" in agenda(noor.stage)


def test_a_channel_made_late_is_taken_rather_than_a_second_one(noor: Student) -> None:
    noor.stage.workspace.fault("conversations.create", Fault.late(21))
    noor.finish()
    noor.stage.wait(seconds=11)
    noor.stage.wait(seconds=11)
    assert [channel.name for channel in conference_channels(noor.stage)] == [NAME]
    assert "Things click for me" in agenda(noor.stage)


def test_a_name_somebody_else_has_gets_a_number(noor: Student) -> None:
    workspace = noor.stage.workspace
    theirs = workspace.add_channel(NAME, Kind.PUBLIC, "UREYES")
    noor.finish()
    assert "Things click for me" in agenda(noor.stage, f"{NAME}-2")
    assert not theirs.messages


def test_somebody_elses_channel_is_not_taken_for_ours_though_the_bot_is_in_it(noor: Student) -> None:
    workspace = noor.stage.workspace
    theirs = workspace.add_channel(NAME, Kind.PRIVATE, "UREYES")
    workspace.join(theirs, workspace.bot_user)
    workspace.fault("conversations.create", Fault.DROP_BEFORE)
    noor.finish()
    for _ in range(3):
        noor.stage.wait(seconds=11)
    assert not theirs.messages
    assert "Things click for me" in agenda(noor.stage, f"{NAME}-2")


def test_two_students_of_one_name_on_one_day_have_a_channel_each(store: Store, words: Words, tmp_path: Path) -> None:
    with staged(store, words, tmp_path / "school", {"Theo Lindqvist": "Noor Lindqvist"}) as stage:
        one, other = Student(stage), Student(stage, "theo")
        one.answer()
        other.answer()
        maker = ChannelMaker(stage.bot.house, stage.bot.api, stage.workspace.bot_user)
        with store.read() as connection:
            theirs = select(Person.id).where(Person.key.in_(["noor", "theo"]))
            ids = connection.scalars(select(Conference.id).where(Conference.student_id.in_(theirs))).all()
        drafts = [_wish(stage, conference) for conference in ids]
        with store.write() as connection:
            wished = stage.bot.house.outbox.put(connection, drafts, stage.clock())
        made = [maker.send(delivery) for delivery in wished]  # both at once: neither is settled yet
        assert all(isinstance(outcome, Sent) for outcome in made)
        assert len({outcome.channel for outcome in made if isinstance(outcome, Sent)}) == 2


def _wish(stage: Stage, conference: int) -> Draft:
    return Draft(
        stage.workspace.team_id, DeliveryKind.CHANNEL, "a", "a", {"conference": conference}, f"{conference}",
        stage.clock(),
    )  # fmt: skip


@pytest.mark.parametrize("error", ["already_in_channel", "cant_invite_self"])
def test_somebody_who_is_there_already_is_no_trouble(noor: Student, error: str) -> None:
    noor.stage.workspace.fault("conversations.invite", Fault.refused(error), when=lambda args: args["users"] == "UAMAL")
    noor.finish()
    assert reports(noor.stage) == []
    assert "Things click for me" in agenda(noor.stage)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("user_is_restricted", "Amal Haddad is a guest on Slack, and I may not add guests. Ask a Slack admin"),
        ("ura_max_channels", "Amal Haddad is a guest who can be in one channel only. Ask a Slack admin"),
        ("user_not_found", "Amal Haddad has a Slack account that is switched off."),
        ("cant_invite", "Amal Haddad: Slack didn't let me add them. Open the channel and add them yourself"),
    ],
)
def test_who_cannot_be_invited_and_what_to_do_reaches_the_advisor_once(noor: Student, error: str, remedy: str) -> None:
    stage = noor.stage
    stage.workspace.fault("conversations.invite", Fault.refused(error), None, lambda args: args["users"] == "UAMAL")
    noor.finish()
    noor.review_again()
    noor.approve()
    (report,) = reports(stage)
    assert remedy in report
    assert f"#{NAME}" in report
    assert "Yusuf" not in report
    assert "Things click for me" in agenda(stage)


@pytest.mark.parametrize(
    "fault", [*LOST_ANSWERS, Fault.rate_limited(30)], ids=lambda fault: f"{fault.trouble}-{fault.code}"
)
def test_an_invitation_that_half_worked_is_sent_again(noor: Student, fault: Fault) -> None:
    noor.stage.workspace.fault("conversations.invite", fault, when=lambda args: args["users"] == "UAMAL")
    noor.finish()
    for _ in range(3):
        noor.stage.wait(seconds=15)
    channel = noor.stage.workspace.channel(NAME)
    assert channel is not None
    assert set(channel.members) > EVERYONE
    assert reports(noor.stage) == []
    assert "Things click for me" in agenda(noor.stage)


def test_where_channels_are_not_allowed_advisor_and_coordinator_are_told_once(noor: Student) -> None:
    stage = noor.stage
    stage.workspace.fault("conversations.create", Fault.refused("restricted_action"), times=2)
    noor.finish()
    stage.wait(hours=5)
    for key in ("okafor", "tan"):
        (blocked,) = told(stage, key)
        assert "Slack doesn't let me create private channels here" in blocked
        assert "Noor" in blocked
    assert reports(stage) == []


def test_the_agenda_follows_once_an_admin_allows_the_channel(noor: Student) -> None:
    noor.stage.workspace.fault("conversations.create", Fault.refused("restricted_action"))
    noor.finish()
    noor.stage.wait(hours=5)
    assert "Things click for me" in agenda(noor.stage)


def test_a_rate_limit_is_waited_out(noor: Student) -> None:
    noor.stage.workspace.fault("conversations.create", Fault.rate_limited(40))
    noor.finish()
    noor.stage.wait(seconds=30)
    assert conference_channels(noor.stage) == []
    noor.stage.wait(seconds=11)
    assert "Things click for me" in agenda(noor.stage)


# -- people who are not on Slack, or not yet ---------------------------------------------------------------------------


def test_family_that_is_not_on_slack_is_told_of_and_stops_nothing(store: Store, words: Words, tmp_path: Path) -> None:
    with staged(store, words, tmp_path / "school", {"amal@home.example": ""}) as stage:
        Student(stage).finish()
        (report,) = reports(stage)
        assert "Amal Haddad isn't on Slack yet" in report
        assert "Things click for me" in agenda(stage)


def test_a_teachers_unknown_address_is_told_of_as_that(stage: Stage) -> None:
    _match(stage, "reyes", None)
    Student(stage).finish()
    (report,) = reports(stage)
    assert "Mr. Reyes: nobody on Slack has the e-mail address in the roster" in report


def test_somebody_who_joins_slack_later_is_invited(stage: Stage) -> None:
    _match(stage, "amal", None)
    Student(stage).finish()
    del stage.workspace.people["UAMAL"]
    amal = stage.workspace.person("Amal H.", "UNEWCOMER", "Amal@Home.example", announce=True)
    stage.run()
    assert "Things click for me" in "\n".join(message.shown for message in amal.sees(NAME))
    assert told(stage, "okafor") == reports(stage)  # of the one report, when she was not there yet
    assert len(reports(stage)) == 1


def test_somebody_who_joins_with_an_unknown_address_is_left_alone(stage: Stage) -> None:
    Student(stage).finish()
    robin = stage.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example", announce=True)
    stage.run()
    channel = stage.workspace.channel(NAME)
    assert channel is not None
    assert robin.id not in channel.members
    assert robin.sees() == []


def test_a_guest_who_appears_and_cannot_be_invited_is_told_of(stage: Stage) -> None:
    _match(stage, "amal", None)
    Student(stage).finish()
    del stage.workspace.people["UAMAL"]
    stage.workspace.person("Amal H.", "UNEWCOMER", "amal@home.example", guest=True, announce=True)
    stage.run()
    assert "is a guest on Slack" in reports(stage)[-1]
    assert len(reports(stage)) == 2


def test_an_unknown_guest_an_admin_put_into_the_channel_is_recognised_there(stage: Stage) -> None:
    _match(stage, "amal", None)
    noor = Student(stage)
    noor.finish()
    del stage.workspace.people["UAMAL"]
    amal = stage.workspace.person("Amal H.", "UNEWCOMER", "amal@home.example", guest=True)
    channel = stage.workspace.channel(NAME)
    assert channel is not None
    stage.workspace.join(channel, amal.id)
    stage.run()
    noor.review_again()
    noor.approve()
    assert not [text for text in told(stage, "okafor") if "not part of this conference" in text]


def _match(stage: Stage, key: str, slack_id: str | None) -> None:
    """Make somebody of the roster one who was not found in Slack yet."""
    with stage.bot.house.store.write() as connection:
        connection.execute(update(Person).where(Person.key == key).values(slack_id=slack_id))


def test_a_guest_whom_an_admin_has_added_is_waited_for_no_longer(noor: Student) -> None:
    stage = noor.stage
    refused = Fault.refused("user_is_restricted")
    stage.workspace.fault("conversations.invite", refused, None, lambda args: args["users"] == "UAMAL")
    noor.finish()
    channel = stage.workspace.channel(NAME)
    assert channel is not None
    stage.workspace.join(channel, "UAMAL")
    stage.run()
    with stage.bot.house.store.read() as connection:
        amal = select(Person.id).where(Person.key == "amal").scalar_subquery()
        assert connection.scalar(select(Participant.invite).where(Participant.person_id == amal)) == "joined"
    assert len(reports(stage)) == 1


def test_somebody_known_by_another_address_belongs_once_the_roster_has_their_slack_id(
    store: Store, words: Words, tmp_path: Path
) -> None:
    folder = tmp_path / "school"
    with staged(store, words, folder) as stage:
        _match(stage, "amal", None)
        del stage.workspace.people["UAMAL"]
        noor = Student(stage)
        noor.finish()
        amal = stage.workspace.person("Amal", "UELSEWHERE", "amal@elsewhere.example")
        channel = stage.workspace.channel(NAME)
        assert channel is not None
        stage.workspace.join(channel, amal.id)
        noor.edit(noor.said["learner"], "I think best when I can walk around.")
        noor.review_again()
        noor.approve()
        assert "the coordinator can write their Slack member ID into the roster" in told(stage, "okafor")[-1]
        _load_again(stage, folder, {",,Elm Street": ",UELSEWHERE,Elm Street"})
        assert "walk around" in agenda(stage)


# -- people who are not to be written to -------------------------------------------------------------------------------


def test_do_not_contact_holds_everything_back_until_they_are_out_of_the_channel(
    store: Store, words: Words, tmp_path: Path
) -> None:
    folder = tmp_path / "school"
    with staged(store, words, folder) as stage:
        noor = Student(stage)
        noor.finish()
        _load_again(stage, folder, {",Elm Street,": ",Elm Street,none"})
        assert "Amal Haddad is not to be contacted about Noor any more" in told(stage, "okafor")[-1]
        assert f"still in #{NAME}" in told(stage, "okafor")[-1]
        amal, before = stage.people["amal"], len(stage.people["amal"].sees())
        noor.edit(noor.said["learner"], "I think best when I can walk around.")
        noor.review_again()
        noor.approve()
        assert "Amal Haddad is in the channel but not part of this conference" in told(stage, "okafor")[-1]
        assert "walk around" not in agenda(stage)
        amal.leave(NAME)
        stage.run()
        assert "walk around" in agenda(stage)
        stage.wait(days=9)
        assert len(amal.sees()) == before  # and nothing was written to her


def test_the_report_says_which_address_to_invite(store: Store, words: Words, tmp_path: Path) -> None:
    with staged(store, words, tmp_path / "school") as stage:
        _match(stage, "amal", None)
        Student(stage).finish()
        (report,) = reports(stage)
        assert "Ask a Slack admin to invite amal@home.example as a guest." in report.replace("`", "")


def _load_again(stage: Stage, folder: Path, changes: dict[str, str]) -> None:
    """Change the roster, and load the school again."""
    roster = folder / "roster.csv"
    text = roster.read_text("utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    roster.write_text(text, "utf-8")
    house, now = stage.bot.house, stage.clock()
    read = read_school(folder, house.words.catalog.languages)
    with house.store.write() as connection:
        changes_made = load_school(connection, stage.workspace.team_id, read, now)
        drafts = followed(connection, house.outbox, stage.workspace.team_id, changes_made, now, mails=house.mails)
        house.outbox.put(connection, drafts, now)
    stage.run()
