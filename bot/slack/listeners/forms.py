"""Windows to fill in: opened by a button, submitted, answered with errors, another window, or by closing."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt import Ack, App

from bot.errors import CoachError
from bot.services import forms
from bot.services.forms import Field, Window
from bot.slack.blocks import Input, entered, modal
from bot.slack.compose import say
from bot.slack.desk import Desk
from bot.slack.tapping import carried, inside, on, team, user
from bot.taps import Tap
from bot.words import Words
from prompts.markdown import Document

Body = dict[str, Any]
Json = dict[str, Any]

_CALLBACK = re.compile(r"^form:[a-z_]+$")
_VALUE = re.compile(r"[a-z_]+(:[^:]{1,64})*")
_NOTHING = Document(())


def register(app: App, desk: Desk) -> None:
    """Listen to the buttons that open a window, and to what is submitted."""

    @on(app, Tap.FORM, _VALUE)
    def open_form(ack: Ack, body: Body, action: Body) -> None:
        found = forms.opened(desk.house, team(body), user(body), carried(action))
        if found is not None:
            show(desk, body["trigger_id"], found, inside=inside(body))
        ack()

    @app.view(_CALLBACK)
    def submitted(ack: Ack, body: Body, view: Body) -> None:
        form, about = view["callback_id"].partition(":")[2], view["private_metadata"]
        entries = entered(view["state"]["values"])
        answer = forms.submitted(desk.house, team(body), user(body), form, about, entries, view["id"])
        desk.send(answer.deliveries)
        words = desk.house.words
        if answer.errors:
            ack(response_action="errors", errors=_errors(words, answer, view))
        elif answer.then is not None:
            ack(response_action="update", view=window(words, answer.then))
        elif answer.over:
            ack(response_action="clear")
        else:
            ack()


def show(desk: Desk, trigger: str, wanted: Window, *, inside: bool = False) -> None:
    """Open a window; on top of the one the tap came from, if it came from one. Not by Bolt's client, which writes all
    it sends to its log for debugging.

    CoachError if Slack does not open it: whoever tapped is shown that, and can tap again.
    """
    view = window(desk.house.words, wanted)
    reply = desk.api.call("views.push" if inside else "views.open", {"trigger_id": trigger, "view": view})
    if not reply.ok:
        raise CoachError(f"Slack did not open the window ({reply.error or reply.fault}). Tap the button again.")


def window(words: Words, wanted: Window) -> Json:
    """A window as Slack takes it."""
    language = words.language(wanted.language)
    document, controls = say(words, wanted.saying.payload(language)) if wanted.saying else (_NOTHING, {})
    return modal(
        f"form:{wanted.form}",
        _label(words, language, wanted.title),
        document,
        close=words.catalog.label(language, "modal.close"),
        submit=_label(words, language, wanted.submit) if wanted.fields else "",
        fields=[_input(words, language, one) for one in wanted.fields],
        controls=controls,
        private_metadata=wanted.about,
    )


def _input(words: Words, language: str, one: Field) -> Input:
    options = tuple((id_, _label(words, language, label)) for id_, label in one.options)
    return Input(
        one.id,
        _label(words, language, one.label),
        "" if options else one.initial,
        _label(words, language, one.hint),
        _label(words, language, one.placeholder),
        multiline=one.long,
        optional=one.optional,
        options=options,
        several=one.several,
        chosen=tuple(one.initial.split()) if options else (),
        date=one.date,
    )


def _label(words: Words, language: str, key: str) -> str:
    if not key or key.startswith("="):
        return key[1:]
    return words.catalog.label(language, f"form.{key}")


def _errors(words: Words, answer: forms.Answer, view: Body) -> dict[str, str]:
    """Each error under the first block of its field."""
    language = words.language(answer.language)
    return {f"{name}.0": _label(words, language, key) for name, key in answer.errors.items()}
