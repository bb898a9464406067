from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from bot.practice.manifest import Manifest
from tests.practice.conftest import MANIFEST


def test_the_manifest_is_valid_against_slacks_schema() -> None:
    schema = json.loads((Path(__file__).parent / "manifest.schema.2.0.0.json").read_text())
    jsonschema.validate(MANIFEST, schema)


def test_students_can_type_to_the_bot() -> None:
    manifest = Manifest.parse(MANIFEST)
    assert manifest.messages_tab
    assert not manifest.messages_read_only


def test_every_event_subscribed_to_has_its_scope() -> None:
    manifest = Manifest.parse(MANIFEST)
    assert all(manifest.hears(event) for event in manifest.events)
    assert manifest.standing_scopes() <= manifest.scopes
