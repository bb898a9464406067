"""The manifest asks for the scopes that are used, and for no others."""

from __future__ import annotations

from pathlib import Path

from bot.practice import Fault
from bot.store.session import Store
from bot.words import Words
from tests.slack.test_home import forget
from tests.stages import Student, staged


def test_a_play_that_uses_everything_uses_exactly_the_scopes_of_the_manifest(
    store: Store, words: Words, tmp_path: Path
) -> None:
    with staged(store, words, tmp_path / "school") as stage:
        workspace = stage.workspace
        forget(stage, "noor")
        noor = Student(stage)
        noor.say("hi")
        noor.tap("Start")
        noor.say("i want to kill myself")
        stage.people["bell"].tap("Open it for you alone")
        stage.people["bell"].close()
        stage.people["bell"].tap("I'm on it")
        noor.tap("Go on")
        for key in ("noor", "okafor", "tan", "amal"):
            stage.people[key].open_home()
            assert stage.people[key].command("/conference").ok
        stage.run()
        for number in range(4):
            noor.say(f"I measured the field {number} times and wrote it down because it was long.")
        noor.say("In science, I measured the scale for the timeline.")
        ts = noor.share("the timeline on the football field, I measured it")
        noor.say("Look at the bottom, because that is where I found my own mistake.")
        noor.say("My favorite thing was when I ran the lights for the play.")
        workspace.fault("conversations.create", Fault.DROP_AFTER)
        workspace.fault("chat.postMessage", Fault.DROP_AFTER, when=lambda args: args["channel"].startswith("C"))
        noor.approve()
        stage.wait(seconds=11)
        stage.wait(seconds=11)
        noor.delete(ts)
        refused = {(call.method, call.error) for call in workspace.calls if not call.ok}
        assert refused == set()
        assert workspace.scopes_used() == workspace.manifest.scopes
