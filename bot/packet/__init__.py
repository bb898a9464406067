"""The packet: a student's conference as a binder to print, a PDF."""

from bot.packet.binding import Printed, printed, render
from bot.packet.model import Block, Chapter, Idea, Lines, Packet, Paper, PlanRow, Said, Work
from bot.packet.naming import file_name
from bot.packet.paper import paper_of

__all__ = [
    "Block", "Chapter", "Idea", "Lines", "Packet", "Paper", "PlanRow", "Printed", "Said", "Work", "file_name",
    "paper_of", "printed", "render",
]  # fmt: skip
