"""What cannot be sent for a reason of our own: unsayable, it dies with its reason; without a token, it waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.practice import Fault
from bot.practice.stage import Stage
from bot.services.speech import Kind
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import Delivery, State, deliveries, from_row
from scheduler.outbox import Draft
from tests.stages import Student, conference_channels, staged

SECRET = "only my cousin knows"
BROKEN: list[tuple[Kind, Mapping[str, Any], str]] = [
    (Kind.SAY, {"template": "no_such", "language": "en", "context": {"words": SECRET}, "buttons": {}}, "PromptsError"),
    (Kind.ASK, {"language": "en", "ask": {"last": SECRET}}, "KeyError"),
    (Kind.SAY, {"template": "paused", "language": "en", "context": {"student": SECRET}, "buttons": {}, "page": 7},
     "IndexError"),
    (Kind.UPDATE, {"template": "paused", "language": "en", "context": {}, "buttons": {}, "channel": "D1", "ts": "1.0"},
     "PromptsError"),
]  # fmt: skip


def put(stage: Stage, kind: str, payload: Mapping[str, Any]) -> None:
    """Wish for something in Noor's lane."""
    now = stage.clock()
    draft = Draft(stage.workspace.team_id, kind, "UNOOR", "person:1", payload, "broken", now)
    with stage.bot.house.store.write() as connection:
        stage.bot.house.outbox.put(connection, [draft], now)


def became(stage: Stage, *, kind: str = "", key: str = "") -> Delivery:
    """The first delivery of a kind, or of a key."""
    of = deliveries.c.kind == kind if kind else deliveries.c.dedupe_key == key
    with stage.bot.house.store.read() as connection:
        return from_row(connection.execute(select(*deliveries.c).where(of).order_by(deliveries.c.seq)).first())


@pytest.mark.parametrize(("kind", "payload", "error"), BROKEN, ids=["no template", "no field", "no page", "update"])
def test_what_cannot_be_composed_is_dead_with_its_reason_and_its_lane_goes_on(
    noor: Student, caplog: pytest.LogCaptureFixture, kind: Kind, payload: Mapping[str, Any], error: str
) -> None:
    put(noor.stage, kind, payload)
    noor.stage.run()
    noor.say("hi")
    broken = became(noor.stage, key="broken")
    assert (broken.state, broken.reason) == (State.DEAD, f"could not be composed: {error}")
    assert noor.last.shown.startswith("Hi Noor")
    assert f"error={error} at=" in caplog.text
    assert SECRET not in caplog.text


def test_a_channel_whose_name_cannot_be_filled_in_is_refused_and_told_of(store: Store, tmp_path: Path) -> None:
    words = overlaid(tmp_path, "labels.toml", "conf-{{ first }}", "conf-{{ surname }}")
    with staged(store, words, tmp_path / "school") as stage:
        Student(stage).finish()
        assert became(stage, kind=Kind.CHANNEL).reason == "could not be composed: PromptsError"
        assert not conference_channels(stage)


def test_an_agenda_that_cannot_be_composed_does_not_hold_up_its_lane(store: Store, tmp_path: Path) -> None:
    words = overlaid(tmp_path, "messages/agenda.md.j2", "{{ student }}", "{{ pupil }}")
    with staged(store, words, tmp_path / "school") as stage:
        Student(stage).finish()
        assert became(stage, kind=Kind.AGENDA).reason == "could not be composed: PromptsError"


def test_a_kind_of_a_newer_version_is_left_to_it(noor: Student) -> None:
    put(noor.stage, "hologram", {})
    noor.stage.run()
    later = became(noor.stage, key="broken")
    assert (later.state, later.reason) == (State.SCHEDULED, "this version knows no hologram")


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive"])
def test_what_slack_refuses_for_the_sake_of_the_token_waits_until_that_is_mended(noor: Student, error: str) -> None:
    noor.stage.workspace.fault("chat.postMessage", Fault.refused(error))
    noor.say("hi")
    assert noor.heard == []
    noor.stage.wait(seconds=61)
    assert [message.shown[:7] for message in noor.heard] == ["Hi Noor"]


def overlaid(folder: Path, name: str, old: str, new: str) -> Words:
    """The packaged words with one of the English files changed."""
    packaged = (Path(__file__).parents[2] / "prompts" / "en" / name).read_text("utf-8")
    assert old in packaged
    target = folder / "prompts" / "en" / name
    target.parent.mkdir(parents=True)
    target.write_text(packaged.replace(old, new), "utf-8")
    return Words.load(folder / "prompts")
