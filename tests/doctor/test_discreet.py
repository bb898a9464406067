"""What the doctor keeps back, whatever a library says; and that it could not write if it tried."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.doctor.discreet import HIDDEN, discreet
from bot.settings import HOW_TO_GET, Name
from bot.store.session import Store
from tests.doctor.clinic import Clinic

ENVIRON = {
    "SLACK_BOT_TOKEN": "xoxb-gelb",
    "SLACK_BOT_TOKN": "xoxb-rot",
    "SLACK_CLIENT_SECRET": "blau-blau",
    "ENCRYPTION_KEYS": "k1:Z3J1ZW4=, k2:d2Vpc3M=",
    "DATABASE_URL": "postgresql://coach:secret%2F1@db.example/coach",
    "SMTP_URL": "smtp://coach:secret-2@mail.example",
    "SCHOOL_DIR": "/srv/our-school",
}


@pytest.mark.parametrize(
    "secret",
    ["xoxb-gelb", "xoxb-rot", "blau-blau", "Z3J1ZW4=", "d2Vpc3M=", "secret%2F1", "secret/1", "secret-2"],
)
def test_no_secret_is_left_in_an_error_that_repeats_it(secret: str) -> None:
    assert discreet(ENVIRON)(f"connection failed: {secret} is wrong") == f"connection failed: {HIDDEN} is wrong"


def test_what_is_no_secret_stays() -> None:
    said = "The key k1 of coach at db.example is not there; look at /srv/our-school, or smtp://mail.example:587."
    assert discreet(ENVIRON)(said) == said
    assert discreet({"SLACK_BOT_TOKEN": "x", "SSH_KEY_DIR": "school"})("x is a school's") == "x is a school's"


def test_our_own_examples_stay_where_somebody_has_copied_them_into_a_variable() -> None:
    copied = {
        "SLACK_BOT_TOKEN": "xoxb-…",
        "SLACK_APP_TOKEN": "xapp-...",
        "SLACK_SIGNING_SECRET": "Slack",
        "DATABASE_URL": "postgresql://user:password@host/name",
    }
    hide = discreet(copied)
    assert [hide(f"It is wrong. {text}") for text in HOW_TO_GET.values()] == [
        f"It is wrong. {text}" for text in HOW_TO_GET.values()
    ]
    assert hide("It does not begin with xapp-.") == "It does not begin with xapp-."
    assert hide(f"password failed. {HOW_TO_GET[Name.DATABASE_URL]}").startswith(f"{HIDDEN} failed. Leave it out")


@pytest.mark.parametrize("kind", ["well", "on_postgresql"])
def test_a_store_that_only_looks_cannot_write(kind: str, request: pytest.FixtureRequest) -> None:
    clinic: Clinic = request.getfixturevalue(kind)
    store = Store(clinic.environ["DATABASE_URL"], looks=True)
    change = text("UPDATE school SET name = 'another'").execution_options(every_workspace=True)
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as connection:
        connection.execute(change)
    store.close()
