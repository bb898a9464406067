"""What Slack would refuse in blocks, views and metadata, and some things it only should."""

from __future__ import annotations
