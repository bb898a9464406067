"""A district: several workspaces install the app themselves, and each has its own bot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from importlib.resources import as_file, files
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from bot.app import premises
from bot.district import District
from bot.practice.clock import HandClock
from bot.practice.people import Person
from bot.practice.slack import PracticeSlack
from bot.practice.stage import MONDAY
from bot.practice.workspace import PracticeWorkspace
from bot.school import read_school
from bot.services import installing
from bot.services.roster.load import load_school
from bot.services.speech import Kind
from bot.settings import Settings
from bot.slack.manifest import REDIRECT, manifest
from bot.slack.oauth import INSTALL, Installing
from bot.store import sealing
from bot.store.keyring import Keyring, new_key
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft, Outbox, State, deliveries
from scheduler.pace import UNLIMITED
from scheduler.sealed import MARK
from tests.databases import empty
from tests.stages import url_of

NORTH, SOUTH, STRANGE = "T0NORTH", "T0SOUTH", "T0STRANGE"
NOOR, TAN = "UNOOR", "UTAN"


@dataclass
class Answer:
    """What a browser is answered."""

    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    page: str = ""


@dataclass
class Browser:
    """Keeps the cookie it was given, as browsers do."""

    app: Installing
    cookie: str = ""

    def get(self, path: str, query: str = "") -> Answer:
        answer = Answer()

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            answer.status, answer.headers = status, {name.lower(): value for name, value in headers}

        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "HTTP_COOKIE": self.cookie}
        answer.page = b"".join(self.app(environ, start)).decode()
        if "set-cookie" in answer.headers:
            self.cookie = "; ".join(
                f"{one.key}={one.value}" for one in SimpleCookie(answer.headers["set-cookie"]).values()
            )
        return answer

    def button(self) -> str:
        """Where the install page's button leads."""
        page = self.get(INSTALL).page
        return page.partition('href="')[2].partition('"')[0].replace("&amp;", "&")


@dataclass
class Scene:
    """Slack with three workspaces, of which two are schools of ours; the process that takes in and sends."""

    slack: PracticeSlack
    settings: Settings
    store: Store
    clock: HandClock
    words: Words
    district: District

    def browser(self) -> Browser:
        return Browser(Installing(self.settings, self.store, self.clock, self.district.look))

    def install(self, team: str, browser: Browser | None = None) -> Answer:
        browser = browser or self.browser()
        return browser.get(REDIRECT, self.slack.consent(browser.button(), team, TAN))

    def person(self, team: str, key: str = NOOR) -> Person:
        return self.slack.workspaces[team].people[key]

    def answers(self, team: str) -> bool:
        """Whether a student who writes now is answered there."""
        workspace = self.slack.workspaces[team]
        before = self.posted(team)
        self.person(team).dm("hi")
        return workspace.wait_until(lambda: self.posted(team) > before, timeout=5)

    def posted(self, team: str) -> int:
        return sum(past.ok for past in self.slack.workspaces[team].calls if past.method == "chat.postMessage")

    @contextmanager
    def another_process(self) -> Iterator[District]:
        other = District(premises(self.settings, clock=self.clock, limits=UNLIMITED), lambda _workspace: self.words)
        other.look()
        yield other
        other.stop()


@pytest.fixture
def scene(postgresql_store: Store, words: Words) -> Iterator[Scene]:
    empty(postgresql_store)
    clock, keys = HandClock(MONDAY), f"first:{new_key()}"
    spaces = [PracticeWorkspace(manifest(), clock, team_id=team) for team in (NORTH, SOUTH, STRANGE)]
    slack = PracticeSlack(spaces)
    settings = Settings(
        client_id=slack.client_id, client_secret=slack.client_secret, signing_secret=slack.signing_secret,
        api_url=slack.api_url, database_url=url_of(postgresql_store), encryption_keys=keys,
    )  # fmt: skip
    store = Store(settings.database_url, Keyring.read(keys))
    with as_file(files("bot.practice") / "school") as folder:
        school = read_school(folder, words.catalog.languages)
    for space in spaces:
        for person in school.people:
            if person.email:
                space.person(person.name, f"U{person.key.upper()}", person.email, school.time_zone)
        if space.team_id != STRANGE:
            with store.write() as connection:
                load_school(connection, space.team_id, school, clock())
    district = District(premises(settings, clock=clock, limits=UNLIMITED, workers=4), lambda _workspace: words)
    for space in spaces:
        space.attach(district.wsgi())
    district.start()
    yield Scene(slack, settings, store, clock, words, district)
    district.stop()
    store.close()
    slack.close()


def due(scene: Scene, team: str, thing: str) -> None:
    """Something is to be said to the student there, now."""
    with scene.store.write() as connection:
        draft = Draft(
            workspace=team, kind=Kind.SAY, recipient=NOOR, subject=f"student:{thing}", dedupe_key=f"say:{thing}",
            payload={"template": "hello_again", "language": "en"}, due_at=scene.clock(),
        )  # fmt: skip
        Outbox("elsewhere").put(connection, [draft], scene.clock())


def state_of(scene: Scene, thing: str) -> str:
    with scene.store.read() as connection:
        return str(connection.scalar(select(deliveries.c.state).where(deliveries.c.subject == f"student:{thing}")))


def test_the_page_leads_to_slack_with_our_scopes_and_a_cookie_that_ties_the_answer_to_this_browser(
    scene: Scene,
) -> None:
    answer = scene.browser().get(INSTALL)
    assert answer.status.startswith("200")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert urlsplit(scene.browser().button()).netloc == urlsplit(scene.slack.api_url).netloc


def test_two_schools_install_it_and_each_is_answered_by_its_own_bot(scene: Scene) -> None:
    for team in (NORTH, SOUTH):
        assert scene.install(team).status.startswith("200")
    assert scene.district.workspaces == (NORTH, SOUTH)
    assert scene.answers(NORTH)
    assert scene.posted(SOUTH) == 0
    assert scene.answers(SOUTH)


def test_slack_is_not_asked_who_the_bot_is_for_what_comes_in(scene: Scene) -> None:
    scene.install(NORTH)
    asked = sum(past.method == "auth.test" for past in scene.slack.workspaces[NORTH].calls)
    for _ in range(3):
        assert scene.answers(NORTH)
    assert sum(past.method == "auth.test" for past in scene.slack.workspaces[NORTH].calls) == asked


def test_a_token_stands_sealed_in_the_database(scene: Scene) -> None:
    scene.install(NORTH)
    with scene.store.read() as connection:
        kept = connection.execute(text("SELECT token FROM installation")).scalar_one()
    assert kept.startswith(MARK)
    assert "xoxb" not in kept
    assert [one.token for one in installing.installed(scene.store)] == [scene.slack.workspaces[NORTH].bot_token]


def test_a_token_is_sealed_anew_with_the_other_words(scene: Scene) -> None:
    scene.install(NORTH)
    both = Keyring.read(f"second:{new_key()},{scene.settings.encryption_keys}")
    store = Store(scene.settings.database_url, both)
    assert any(done.number for done in sealing.reseal(store))
    with store.read() as connection:
        assert installing.token_of(connection, NORTH) == scene.slack.workspaces[NORTH].bot_token
        assert connection.execute(text("SELECT token FROM installation")).scalar_one().startswith(f"{MARK}second")
    store.close()


def test_of_a_workspace_without_a_school_nothing_is_kept_and_the_page_says_what_to_do(scene: Scene) -> None:
    answer = scene.install(STRANGE)
    assert answer.status.startswith("403")
    assert f"workspace = &#34;{STRANGE}&#34;" in answer.page or f'workspace = "{STRANGE}"' in answer.page
    assert installing.installed(scene.store) == []
    assert scene.slack.revoked == [STRANGE]


@pytest.mark.parametrize("case", ["another browser", "no cookie", "forged state", "used code", "denied", "no code"])
def test_an_answer_that_is_not_slacks_to_this_browser_installs_nothing(scene: Scene, case: str) -> None:
    mine, other = scene.browser(), scene.browser()
    query = scene.slack.consent(mine.button(), NORTH, TAN)
    other.button()
    match case:
        case "another browser":
            answer = other.get(REDIRECT, query)
        case "no cookie":
            answer = Browser(mine.app).get(REDIRECT, query)
        case "forged state":
            forged = query.partition("state=")[0] + "state=a.b.c"
            mine.cookie = "slack-app-oauth-state=a.b.c"
            answer = mine.get(REDIRECT, forged)
        case "used code":
            scene.slack.codes.clear()
            answer = mine.get(REDIRECT, query)
        case "denied":
            answer = mine.get(REDIRECT, "error=access_denied&state=x")
        case _:
            answer = mine.get(REDIRECT, "state=" + query.partition("state=")[2])
    assert "<h1>" in answer.page
    assert "Installed" not in answer.page
    assert installing.installed(scene.store) == []


def test_what_comes_for_a_workspace_that_has_no_bot_is_acked_and_dropped(scene: Scene) -> None:
    scene.install(NORTH)
    scene.person(SOUTH).dm("hi")
    scene.slack.workspaces[SOUTH].events.settle()
    assert scene.posted(SOUTH) == 0


def test_an_uninstall_ends_the_sending_and_forgets_the_token_while_the_others_go_on(scene: Scene) -> None:
    for team in (NORTH, SOUTH):
        scene.install(team)
    scene.slack.workspaces[NORTH].uninstall()
    scene.slack.workspaces[NORTH].events.settle()
    due(scene, NORTH, "late")
    scene.district.look()
    assert scene.district.workspaces == (SOUTH,)
    assert [one.workspace for one in installing.installed(scene.store)] == [SOUTH]
    calls = len(scene.slack.workspaces[NORTH].calls)
    assert scene.answers(SOUTH)
    assert state_of(scene, "late") == State.SCHEDULED
    assert len(scene.slack.workspaces[NORTH].calls) == calls
    with scene.store.read() as connection:
        assert installing.token_of(connection, NORTH) == ""


def test_another_process_hears_of_it_from_the_database(scene: Scene) -> None:
    scene.install(NORTH)
    with scene.another_process() as other:
        assert other.workspaces == (NORTH,)
        scene.slack.workspaces[NORTH].uninstall()
        scene.slack.workspaces[NORTH].events.settle()
        other.look()
        assert other.workspaces == ()
        scene.install(NORTH)
        other.look()
        assert other.workspaces == (NORTH,)


def test_tokens_of_users_that_are_revoked_are_none_of_the_bots(scene: Scene) -> None:
    scene.install(NORTH)
    space = scene.slack.workspaces[NORTH]
    space.events.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": ["USOMEONE"]}})
    space.events.settle()
    scene.district.look()
    assert scene.answers(NORTH)


def test_installed_again_it_goes_on_and_does_not_make_up_for_what_was_due_meanwhile(scene: Scene) -> None:
    scene.install(NORTH)
    scene.slack.workspaces[NORTH].uninstall()
    scene.slack.workspaces[NORTH].events.settle()
    scene.district.look()
    due(scene, NORTH, "meanwhile")
    scene.clock.advance(days=3)
    assert scene.install(NORTH).status.startswith("200")
    assert scene.answers(NORTH)
    assert state_of(scene, "meanwhile") == State.CANCELLED


def test_a_workspace_that_lacks_something_waits_for_it(scene: Scene) -> None:
    with scene.store.write() as connection:
        connection.execute(text("UPDATE school SET counselors = '{\"keys\": []}' WHERE workspace = :w"), {"w": NORTH})
    scene.install(NORTH)
    scene.install(SOUTH)
    assert scene.district.workspaces == (SOUTH,)
    assert scene.district.waiting == (NORTH,)
    with scene.store.write() as connection:
        connection.execute(
            text("UPDATE school SET counselors = (SELECT counselors FROM school WHERE workspace = :s)"
                 " WHERE workspace = :w"), {"w": NORTH, "s": SOUTH},
        )  # fmt: skip
    scene.district.look()
    assert scene.district.workspaces == (NORTH, SOUTH)
    assert scene.answers(NORTH)


ODD = ["%ff%fe", "state", "=", "&&&", "code=a&code=b", "state=%00&code=%00", "error=%0d%0aSet-Cookie:x=1", "a" * 5_000,
       "state=.&code=x", "error=<script>alert(1)</script>", "team=T1&team=%22%3E%3Cscript%3E"]  # fmt: skip
COOKIES = ["", "slack-app-oauth-state=", "slack-app-oauth-state=.", ";;;", "=", "\xff", "slack-app-oauth-state=a.b.c.d"]


@pytest.mark.parametrize("path", [INSTALL, REDIRECT])
def test_odd_addresses_and_cookies_are_answered_with_a_page_or_a_no_and_install_nothing(
    scene: Scene, path: str
) -> None:
    for query in ODD:
        for cookie in COOKIES:
            answer = Browser(scene.browser().app, cookie).get(path, query)
            assert answer.status[:1] in "24"
            assert "<script" not in answer.page
            assert "\n" not in "".join(answer.headers.values())
    assert installing.installed(scene.store) == []
