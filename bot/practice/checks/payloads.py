"""Whole payloads: a message's text, blocks and metadata; a view."""

from __future__ import annotations

import json
from typing import Any

from bot.practice.checks.blocks import Surface, check_blocks
from bot.practice.checks.problems import Problems
from bot.practice.checks.text import check_text
from bot.practice.refusal import Refusal

LONGEST_TEXT = 4000
"""Slack cuts longer `text` and chat.update refuses it; here every method refuses."""

_VIEW_BYTES = 250_000
_METADATA_BYTES = 16_000
_VIEW = frozenset({"type", "blocks"})
_HOME_EXTRA = frozenset({"private_metadata", "callback_id", "external_id"})
_MODAL_EXTRA = _HOME_EXTRA | {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
_METADATA = frozenset({"event_type", "event_payload"})
_NONE: frozenset[str] = frozenset()


def check_message(text: str | None, blocks: Any, metadata: Any = None, too_long: str = "invalid_arguments") -> None:
    """Raise Refusal unless the message could be posted: readable text always, blocks and metadata as they must be."""
    if text is None or not text.strip():
        raise Refusal("no_text", ["text: what a screen reader says must be given, also beside blocks"])
    if len(text) > LONGEST_TEXT:
        raise Refusal(too_long, [f"text: must be less than {LONGEST_TEXT + 1} characters"])
    if blocks is not None:
        problems = Problems()
        check_blocks(problems, blocks, Surface.MESSAGE)
        if problems.found:
            raise Refusal("invalid_blocks", problems.found)
    if metadata:
        check_metadata(metadata)


def check_metadata(metadata: Any) -> None:
    """Raise Refusal unless this is {"event_type": …, "event_payload": {…}} of at most 16 kB."""
    problems = Problems()
    if not isinstance(metadata, dict) or not problems.keys(metadata, "/metadata", _METADATA, _NONE):
        raise Refusal("invalid_metadata_format", problems.found or ["metadata: must be an object"])
    problems.length(metadata["event_type"], "/metadata/event_type", 255)
    if not isinstance(metadata["event_payload"], dict):
        problems.add("/metadata/event_payload", "must be an object")
    if problems.found:
        raise Refusal("invalid_metadata_schema", problems.found)
    if len(json.dumps(metadata)) > _METADATA_BYTES:
        raise Refusal("metadata_too_large")


def check_view(view: Any, surface: Surface) -> None:
    """Raise Refusal unless the view could be shown on this surface."""
    problems = Problems()
    if not isinstance(view, dict) or view.get("type") != surface.value:
        raise Refusal("invalid_arguments", [f"view/type: must be {surface.value} [json-pointer:/view/type]"])
    required = _VIEW | {"title"} if surface is Surface.MODAL else _VIEW
    if problems.keys(view, "/view", required, _MODAL_EXTRA if surface is Surface.MODAL else _HOME_EXTRA):
        check_blocks(problems, view["blocks"], surface, "/view/blocks")
        _check_parts(problems, view)
    if problems.found:
        raise Refusal("invalid_arguments", problems.found)
    if len(json.dumps(view)) > _VIEW_BYTES:
        raise Refusal("view_too_large")


def _check_parts(problems: Problems, view: Any) -> None:
    for name in ("title", "submit", "close"):
        if name in view:
            check_text(problems, view[name], f"/view/{name}", 24, plain=True)
    for name, longest in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if name in view:
            problems.length(view[name], f"/view/{name}", longest, 0)
    inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in view["blocks"])
    if view["type"] == "modal" and inputs and "submit" not in view:
        problems.add("/view/submit", "a modal with an input needs a submit button")
