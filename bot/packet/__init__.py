"""The packet: a student's conference as a binder to print, a PDF."""

from bot.packet.binding import render
from bot.packet.model import Block, Chapter, Idea, Lines, Packet, Paper, PlanRow, Said, Work
from bot.packet.paper import paper_of

__all__ = [
    "Block", "Chapter", "Idea", "Lines", "Packet", "Paper", "PlanRow", "Said", "Work", "paper_of", "render",
]  # fmt: skip
