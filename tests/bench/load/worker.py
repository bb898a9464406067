"""`python -m tests.bench.load.worker`: `conference-coach worker`, only that it does not keep to Slack's limits.

Slack takes some 300 messages a minute from a bot in a workspace: five hundred students could not be answered, by any
bot. Here as many are taken as come, so that it is the bot that is measured.
"""

from __future__ import annotations

from bot import app
from bot.cli.main import main
from scheduler.pace import UNLIMITED

if __name__ == "__main__":
    app.LIMITS = UNLIMITED
    main(["worker"])
