"""What stands around the bot in a process that runs for years: ways in, readiness, figures."""
