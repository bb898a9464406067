"""The app's manifest: what Slack is told about the bot, and the scopes it asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

INSTALLED = Path(__file__).with_name("manifest.json")
IN_CHECKOUT = Path(__file__).parents[2] / "manifest.json"


def manifest() -> dict[str, Any]:
    """The manifest that ships with the bot: beside this file in a wheel, at the root in a checkout."""
    path = INSTALLED if INSTALLED.is_file() else IN_CHECKOUT
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
