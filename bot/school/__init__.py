"""A school's folder, read and checked whole: `school.toml`, `roster.csv`, `conferences.csv`; `calendar.ics` and
`cadence.toml` where it has them."""

from bot.school.cadence import unsaid
from bot.school.doubts import doubts
from bot.school.folder import FILES, parse_school, read_school
from bot.school.model import Conference, Contact, Helpline, Level, Person, QuietHours, Role, School, Term
from bot.school.sayable import unsayable

__all__ = [
    "FILES",
    "Conference",
    "Contact",
    "Helpline",
    "Level",
    "Person",
    "QuietHours",
    "Role",
    "School",
    "Term",
    "doubts",
    "parse_school",
    "read_school",
    "unsaid",
    "unsayable",
]
