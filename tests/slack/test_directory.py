from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.practice import Fault, PracticeWorkspace
from bot.services.roster.members import Member
from bot.slack.directory import Directory, DirectoryError

MANIFEST = json.loads((Path(__file__).parents[2] / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture
def workspace() -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(MANIFEST) as workspace:
        yield workspace


@pytest.fixture
def directory(workspace: PracticeWorkspace) -> Directory:
    return Directory(workspace.bot_token, workspace.api_url)


def test_the_workspace_is_the_tokens(workspace: PracticeWorkspace, directory: Directory) -> None:
    assert directory.workspace() == workspace.team_id


def test_members_are_people_with_their_zones_and_whether_their_account_is_gone(
    workspace: PracticeWorkspace, directory: Directory
) -> None:
    workspace.person("Noor Haddad", "U0NOOR", "noor@school.example")
    workspace.person("Theo Lindqvist", "U0THEO", tz="Europe/Madrid")
    workspace.person("Mina Park", "U0MINA", "mina@school.example", deleted=True)
    assert list(directory.members()) == [
        Member("U0NOOR", "noor@school.example", "America/Los_Angeles"),
        Member("U0THEO", "", "Europe/Madrid"),
        Member("U0MINA", "mina@school.example", "", gone=True),
    ]


def test_members_come_from_every_page(workspace: PracticeWorkspace, directory: Directory) -> None:
    wished = {(f"U0{number:04}", f"{number}@school.example") for number in range(450)}
    for slack_id, email in wished:
        workspace.person("Somebody", slack_id, email)
    assert {(member.slack_id, member.email) for member in directory.members()} == wished


def test_a_wrong_token_says_where_the_right_one_is(workspace: PracticeWorkspace) -> None:
    with pytest.raises(DirectoryError, match=r"auth\.test \(invalid_auth\)\. Copy SLACK_BOT_TOKEN again") as caught:
        Directory("xoxb-wrong", workspace.api_url).workspace()
    assert "xoxb-wrong" not in str(caught.value)


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.ERROR_500, Fault.HTML_200, Fault.HTML_200_AFTER])
def test_a_slack_in_trouble_is_told_as_that(workspace: PracticeWorkspace, directory: Directory, fault: Fault) -> None:
    workspace.fault("users.list", fault)
    with pytest.raises(DirectoryError):
        list(directory.members())


def test_nobody_answering_is_told_with_the_address() -> None:
    with pytest.raises(DirectoryError, match=r"http://127\.0\.0\.1:9/api/"):
        Directory("xoxb-1", "http://127.0.0.1:9/api/").workspace()
