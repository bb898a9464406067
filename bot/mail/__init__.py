"""E-mail to families who are not on Slack: outgoing only."""
