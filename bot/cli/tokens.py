"""With which token a command speaks for the bot of a workspace."""

from __future__ import annotations

from bot.services import installing
from bot.settings import Settings
from bot.store.session import Store


def token(settings: Settings, store: Store, workspace: str) -> str:
    """SLACK_BOT_TOKEN, or where workspaces install the app themselves what that left in the database; "" for none."""
    if not settings.several:
        return settings.bot_token
    with store.read() as connection:
        return installing.token_of(connection, workspace)
