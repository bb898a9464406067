"""A school's folder: `school.toml`, `roster.csv` and `conferences.csv`, read and checked whole."""

from bot.school.folder import FILES, parse_school, read_school
from bot.school.model import Conference, Helpline, Level, Person, QuietHours, Role, School, Term

__all__ = [
    "FILES",
    "Conference",
    "Helpline",
    "Level",
    "Person",
    "QuietHours",
    "Role",
    "School",
    "Term",
    "parse_school",
    "read_school",
]
