"""`conference-coach manifest`: what Slack is told to make the app from."""

from __future__ import annotations

import json

import click

from bot.slack.manifest import manifest as packaged
from bot.slack.manifest import over_http


@click.command()
@click.option("--http", "url", metavar="URL", help="For an app that Slack reaches at this https:// address (`web`).")
def manifest(url: str | None) -> None:
    """Print the app's manifest, to be pasted on api.slack.com/apps (Create New App, From a manifest).

    Without --http it is for Socket Mode (`run`), which needs no address that is known outside.
    """
    made = packaged() if url is None else over_http(url)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
