"""A school in good order: the doctor finds nothing, and changes nothing."""

from __future__ import annotations

from bot.doctor.checks.slack import FEATURES
from bot.doctor.finding import State
from bot.doctor.table import CHECKS
from bot.slack.manifest import manifest
from bot.store import copies
from tests.doctor.clinic import NOW, Clinic, contents

NOTHING_THERE = {"SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SMTP_URL", "MAIL_FROM"}
"""What a school that uses Socket Mode and no e-mail leaves out."""


def test_nothing_is_found_and_all_is_looked_at_that_is_there(well: Clinic) -> None:
    found = well.look()
    assert {name: one for name, one in found.items() if one.state in (State.WARNING, State.FAILED)} == {}
    assert {name for name, one in found.items() if one.state is State.NOT_LOOKED_AT} == {*NOTHING_THERE, "mail server"}


def test_the_same_holds_on_postgresql(on_postgresql: Clinic) -> None:
    found = on_postgresql.look()
    assert {name: one for name, one in found.items() if one.state in (State.WARNING, State.FAILED)} == {}
    assert found["written"].state is State.OK


def test_behind_a_load_balancer_no_socket_is_looked_for(on_postgresql: Clinic) -> None:
    on_postgresql.set(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET=on_postgresql.workspace.signing_secret)
    found = on_postgresql.look()
    assert {name: one for name, one in found.items() if one.state in (State.WARNING, State.FAILED)} == {}
    assert found["SLACK_SIGNING_SECRET"].state is State.OK
    assert {found[name].state for name in ("app token", "socket", "one app")} == {State.NOT_LOOKED_AT}


def test_nothing_is_changed_in_the_database_beside_it_or_in_slack(well: Clinic) -> None:
    before, bytes_before, beside = contents(well.file), well.file.read_bytes(), sorted(well.folder.parent.iterdir())
    well.look()
    assert (contents(well.file), well.file.read_bytes()) == (before, bytes_before)
    assert sorted(well.folder.parent.iterdir()) == beside
    asked = {call.method for call in well.workspace.calls}
    assert asked == {"api.test", "auth.test", "apps.connections.open", "users.info"}
    assert well.workspace.wait_until(lambda: well.workspace.sockets.count == 0)


def test_a_backup_that_was_put_back_is_not_changed_by_a_byte(well: Clinic) -> None:
    there = well.file.with_name("put-back.db")
    well.store(lambda store: copies.copy(store, there, NOW))
    before = there.read_bytes()
    well.set(DATABASE_URL=f"sqlite:///{there}")
    assert well.look()["copy"].state is State.FAILED
    assert there.read_bytes() == before
    assert not list(there.parent.glob("put-back.db-*"))


def test_every_scope_of_the_manifest_says_what_is_lost_without_it() -> None:
    assert FEATURES.keys() == set(manifest()["oauth_config"]["scopes"]["bot"])


def test_what_a_check_needs_stands_before_it_and_names_are_not_used_twice() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for at, check in enumerate(CHECKS):
        assert set(check.needs) <= set(names[:at]), check.name
