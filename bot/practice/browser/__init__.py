"""The demo in a browser: the bot in Socket Mode against local-slack, a stand-in for Slack with a web page."""
