"""`python -m tests.bench.load.slack STUDENTS`: the practice workspace in a process of its own, with a school in it.

The first line it prints says how to reach it and where each student's direct message is. Each line after that is an
event as it would be sent to the app: whoever started it brings it there. A line of input asks for all that stands in
the direct messages, which is the last line; then it ends.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from bot.practice import PracticeWorkspace
from bot.practice.targets import Ack, Delivery
from bot.slack.manifest import manifest
from tests.bench.school import slack_id
from tests.bench.stub import TEAM

COUNSELOR = "W0000001"


class Carried:
    """A target that has everything brought by somebody else, who deals with what is not acknowledged."""

    def __init__(self) -> None:
        self._printing = threading.Lock()

    def deliver(self, delivery: Delivery) -> Ack:
        """Hand it on."""
        self.tell(delivery.payload)
        return Ack(True, 200)

    def tell(self, document: object) -> None:
        """Print a line."""
        line = json.dumps(document) + "\n"
        with self._printing:
            sys.stdout.write(line)
            sys.stdout.flush()


def main(students: int) -> None:
    """Serve until asked what stands there."""
    carried = Carried()
    with PracticeWorkspace(manifest(), team_id=TEAM) as workspace:
        workspace.attach(carried)
        workspace.person("Ms. Okafor", COUNSELOR)
        people = [workspace.person(f"Noor Haddad-{number}", slack_id(number)) for number in range(1, students + 1)]
        places = [workspace.im(person.id).id for person in people]
        carried.tell({"environment": workspace.environment, "identity": workspace.identity, "places": places})
        sys.stdin.readline()
        carried.tell({"standing": standing(workspace, places), "refused": refused(workspace)})


def standing(workspace: PracticeWorkspace, places: list[str]) -> list[tuple[str, str]]:
    """Every message of the bot's: in which direct message, and of which delivery."""
    with workspace.changing:
        messages = [message for place in places for message in workspace.channels[place].messages.values()]
    return [(message.channel, _delivery(message.metadata or {})) for message in messages]


def refused(workspace: PracticeWorkspace) -> list[str]:
    """The calls that were not granted."""
    return [f"{past.method}: {past.error}" for past in workspace.calls if not past.ok]


def _delivery(metadata: dict[str, Any]) -> str:
    return str(metadata.get("event_payload", {}).get("delivery", ""))


if __name__ == "__main__":
    main(int(sys.argv[1]))
