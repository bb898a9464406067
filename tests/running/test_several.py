"""A district from nothing to the first nudges: two schools' folders, `web` and `worker`, and each school installs."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from bot.practice import PracticeWorkspace
from bot.practice.slack import PracticeSlack
from bot.slack.manifest import manifest
from bot.store.keyring import new_key
from tests.databases import postgresql_url
from tests.running.town import Process, Town, people_in, school_of_now

NORTH, SOUTH = "T0NORTH", "T0SOUTH"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Slack's page is looked at by the practice Slack."""


@pytest.fixture
def slack() -> Iterator[PracticeSlack]:
    spaces = [PracticeWorkspace(manifest(), team_id=team) for team in (NORTH, SOUTH)]
    for space in spaces:
        people_in(space)
    made = PracticeSlack(spaces)
    yield made
    made.close()


@pytest.fixture
def district(slack: PracticeSlack, tmp_path: Path) -> Iterator[Town]:
    for team in (NORTH, SOUTH):
        folder = school_of_now(tmp_path / "schools" / team.lower(), datetime.now(UTC))
        charter = folder / "school.toml"
        charter.write_text(f'workspace = "{team}"\n{charter.read_text()}')
    settings = {
        "SLACK_BOT_TOKEN": "", "SLACK_APP_TOKEN": "", "SLACK_API_URL": slack.api_url,
        "SLACK_SIGNING_SECRET": slack.signing_secret, "SLACK_CLIENT_ID": slack.client_id,
        "SLACK_CLIENT_SECRET": slack.client_secret, "ENCRYPTION_KEYS": f"first:{new_key()}",
        "SCHOOL_DIR": str(tmp_path / "schools"),
    }  # fmt: skip
    with postgresql_url() as url:
        yield Town(slack.workspaces[NORTH], tmp_path, settings | {"DATABASE_URL": url})


def get(town: Town, path: str, cookie: str = "") -> tuple[int, str, str]:
    """What a browser is answered: status, page, the cookie it is to keep."""
    request = urllib.request.Request(f"http://127.0.0.1:{town.port}{path}", headers={"Cookie": cookie})
    try:
        with urllib.request.build_opener(_Stay).open(request) as answer:
            code, headers, page = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        code, headers, page = error.code, error.headers, error.read().decode()
    kept = SimpleCookie(headers.get("Set-Cookie", ""))
    return code, page, "; ".join(f"{name}={one.value}" for name, one in kept.items())


def install(town: Town, slack: PracticeSlack, team: str) -> int:
    """Somebody presses the button, and "Allow"."""
    _, page, cookie = get(town, "/slack/install")
    address = page.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    return get(town, f"/slack/oauth_redirect?{slack.consent(address, team, 'UTAN')}", cookie)[0]


def until_answered(process: Process, space: PracticeWorkspace) -> None:
    noor = space.people["UNOOR"]
    before = len(noor.sees())
    noor.dm("hi")
    process.until(lambda: any(message.app for message in noor.sees()[before:]))


def test_two_schools_are_loaded_install_it_and_are_answered_until_one_takes_it_out(
    district: Town, slack: PracticeSlack
) -> None:
    loaded = district.do("conference-coach load")
    assert loaded.count("+ school Hillside Middle School") == 2
    north, south = slack.workspaces.values()
    with district.started("conference-coach worker") as worker, district.started("conference-coach web") as web:
        web.until_ready()
        for space in (north, south):
            space.attach(f"http://127.0.0.1:{district.port}/slack/events")
        assert [install(district, slack, team) for team in (NORTH, SOUTH)] == [200, 200]
        for space in (north, south):
            until_answered(worker, space)
        north.uninstall()
        north.events.settle()
        worker.until(lambda: any(line.get("workspace") == NORTH for line in worker.lines("closed")))
        until_answered(worker, south)
        assert (web.end(), worker.end()) == (0, 0)
        for process in (web, worker):
            assert not any(word in process.log.read_text() for word in ("xoxb-", "code=", slack.client_secret))


def test_words_of_one_school_that_do_not_work_keep_only_that_school_waiting(
    district: Town, slack: PracticeSlack
) -> None:
    district.do("conference-coach load")
    broken = Path(district.settings["SCHOOL_DIR"]) / SOUTH.lower() / "prompts" / "en" / "messages" / "hello.md.j2"
    broken.parent.mkdir(parents=True)
    broken.write_text("{% if %}")
    north, south = slack.workspaces.values()
    with district.started("conference-coach worker") as worker, district.started("conference-coach web") as web:
        web.until_ready()
        for space in (north, south):
            space.attach(f"http://127.0.0.1:{district.port}/slack/events")
        assert [install(district, slack, team) for team in (NORTH, SOUTH)] == [200, 200]
        until_answered(worker, north)
        assert {line["workspace"] for line in web.lines("not_ready")} == {SOUTH}
        assert (web.end(), worker.end()) == (0, 0)


def test_one_school_with_a_mistake_and_none_of_them_is_loaded(district: Town) -> None:
    schools = Path(district.settings["SCHOOL_DIR"])
    roster = schools / SOUTH.lower() / "roster.csv"
    roster.write_text(roster.read_text().replace(",student,", ",pupil,"))
    with district.started("conference-coach load") as loading:
        assert loading.popen.wait() == 1
    told = loading.log.read_text()
    assert f"{SOUTH.lower()}: roster.csv" in told
    assert "Added" not in told


def test_run_is_for_one_workspace_and_says_so(district: Town) -> None:
    with district.started("conference-coach run", SLACK_APP_TOKEN="xapp-1-A0-1-a") as run:
        assert run.popen.wait() == 1
    assert "run is for one workspace" in run.log.read_text()
