"""A record as one page to read and print: no scripts, nothing from elsewhere, every word of people's escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

from bot.services.leaving.record import Record
from bot.words import Words, band_of
from prompts.formats import clock, day

Row = Mapping[str, Any]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "person": ("name", "role", "grade", "email", "language", "chosen_language", "advisor_id", "consent", "since",
               "heard_at", "quiet_since"),
    "guardian": ("adult_id", "student_id"),  # not where each lives: it may come to another of them
    "conference": ("date", "time", "minutes", "place", "term_id", "channel_name", "cancelled", "agenda_at"),
    "participant": ("conference_id", "person_id", "coming", "mode", "interpreter", "answered_at"),
    "conversation": ("updated_at",),
    "answer": ("at", "text", "evidence", "act", "alarm"),
    "item": ("visible", "held_reason"),
    "approval": ("at", "number"),
    "note": ("at", "author_id", "title", "text", "url", "choice", "held_reason", "alarm"),
    "commitment": ("owner_id", "owner_name", "what", "due", "state", "added_by", "added_at"),
    "commitment_check": ("at", "by_id", "state"),
    "cue": ("topic", "text", "at"),
    "run": ("started_at", "ended_at", "before", "after", "note"),
    "shared_work": ("link",),
    "deliveries": ("settled_at", "recipient"),
    "alert": ("raised_at", "level", "opened_at", "taken_by", "taken_at"),
    "alert_event": ("at", "act", "by_id", "to_id"),
}  # fmt: skip
"""What is shown of a table's rows, in this order; of a table that is not here all of it. The JSON has everything."""

ORDER = (
    "person", "guardian", "conference", "participant", "answer", "item", "approval", "note", "commitment",
    "commitment_check", "cue", "run", "shared_work", "deliveries", "alert", "alert_event",
)  # fmt: skip
UNSHOWN = frozenset({"flow_state", "conversation", "erasure", "audit"})
"""Where a flow stands (copies of the answers, for the program), and entries that are ids and names of things."""

BY_SPOT = frozenset({"answer", "item"})
"""Tables that are shown by part and question."""

NAMED = {
    "role": "role.", "visible": "visible.", "coming": "button.", "mode": "form.mode_", "choice": "button.",
    "topic": "section.", "act": "export.act_", "state": "button.commitment_",
}  # fmt: skip
"""Columns that hold a name of ours, and the labels that say it plainly."""

UNSAID = frozenset({"said", "chosen", "aside", "vague", "open", "dropped"})
"""An answer's act and a commitment's state that are what is to be expected, or the program's own."""

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#1d1c1d}
h1,h2,h3{line-height:1.25}h2{margin-top:2em;border-bottom:1px solid #ccc}h3{font-size:1em;margin:1.2em 0 .2em}
dl{margin:.4em 0 1em;padding:.5em .8em;border-left:3px solid #ddd;break-inside:avoid}
dt{font-size:.85em;color:#555}dd{margin:0 0 .4em;white-space:pre-wrap;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}}
"""


def page(record: Record, words: Words, language: str, said: Mapping[int, str]) -> str:
    """The page. `language`: of its headings; `said`: by a delivery's `seq`, what it said, as far as that is known."""
    return _Page(record, words, words.language(language), said).html()


@dataclass(frozen=True)
class _Page:
    record: Record
    words: Words
    language: str
    said: Mapping[int, str]

    def html(self) -> str:
        title = self._label("title", name=self.record.person["name"])
        head = (
            '<meta charset="utf-8">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title><style>{STYLE}</style>"
        )
        body = "\n".join(self._body(title))
        lang = escape(self.language)
        return f'<!doctype html>\n<html lang="{lang}"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'

    def _body(self, title: str) -> Iterator[str]:
        yield f"<h1>{escape(title)}</h1>"
        yield f"<p>{escape(self._label('made', school=self.record.school))} {self._instant(self.record.made_at)}.</p>"
        yield f"<p>{escape(self._label('with_alerts' if self.record.with_alerts else 'without_alerts'))}</p>"
        names = [*ORDER, *(name for name in self.record.tables if name not in ORDER and name not in UNSHOWN)]
        for name in names:
            if listed := [row for row in self.record.tables.get(name, ()) if _to_show(name, row)]:
                yield f"<h2>{escape(self._known(name))}</h2>"
                yield from (self._by_spot(name, listed) if name in BY_SPOT else self._rows(name, listed))
        if self.record.told_others and self._of_a_student:
            yield f"<h2>{escape(self._label('told_others'))}</h2>"
            yield from self._rows("deliveries", self.record.told_others)

    @property
    def _of_a_student(self) -> bool:
        return bool(self.record.person["role"] == "student")

    def _rows(self, name: str, listed: Sequence[Row]) -> Iterator[str]:
        columns = COLUMNS.get(name)
        if name == "participant":  # who else comes to a student's; to which an adult comes
            columns = tuple(
                one for one in COLUMNS[name] if one != ("conference_id", "person_id")[not self._of_a_student]
            )
        for row in listed:
            yield self._entry(row, columns or tuple(row), self.said.get(row.get("seq", 0), ""))

    def _by_spot(self, name: str, listed: Sequence[Row]) -> Iterator[str]:
        """By part and question, each with its revisions as they came."""
        spots: dict[tuple[Any, ...], list[Row]] = {}
        for row in listed:
            spots.setdefault((row["conference_id"] or 0, row["flow"], row["question"], row["round"]), []).append(row)
        for (_, flow, question, _), found in spots.items():
            yield f"<h3>{escape(self._asked(flow, question))}</h3>"
            yield from self._rows(name, found)

    def _entry(self, row: Row, columns: Sequence[str], said: str = "") -> str:
        shown = [
            (one, row[one]) for one in columns if row.get(one) not in (None, "", [], {}) and self._says(one, row[one])
        ]
        lines = [f"<dt>{escape(self._column(one))}</dt><dd>{self._value(one, value)}</dd>" for one, value in shown]
        if said:
            lines.append(f'<dt>{escape(self._label("said"))}</dt><dd dir="auto">{escape(said)}</dd>')
        return f"<dl>{''.join(lines)}</dl>"

    # --- single values ---

    def _says(self, column: str, value: Any) -> bool:
        """Whether a name of ours tells whoever reads this anything."""
        return column not in ("act", "state") or value not in UNSAID

    def _value(self, column: str, value: Any) -> str:
        match value:
            case bool():
                return escape(self.words.catalog.label(self.language, f"button.{'yes' if value else 'no'}"))
            case datetime():
                return self._instant(value)
            case date():
                return escape(self._day(value))
            case int() if column == "conference_id" and value in self.record.days:
                return escape(self._day(self.record.days[value]))
            case int() if column == "term_id":
                return escape(self.record.terms.get(value, str(value)))
            case int() if column.endswith("_id") or column in ("added_by", "taken_by"):
                return escape(self._person(value))
            case list():
                return "<br>".join(self._work(one) for one in value)
            case str():
                return self._text(column, value)
        return escape(str(value))

    def _text(self, column: str, text: str) -> str:
        if column in ("url", "link"):
            return _link(text, text)
        if column in ("language", "chosen_language"):
            text = self.words.catalog.labels(text).get("language.name", text)
        elif column in NAMED:
            text = self._named(f"{NAMED[column]}{text}", text)
        elif column == "recipient":
            text = self._recipient(text)
        elif column == "flow":
            text = self._part(text)
        return f'<span dir="auto">{escape(text)}</span>'

    def _work(self, one: Any) -> str:
        if not isinstance(one, Mapping):
            return escape(str(one))
        return _link(str(one.get("link") or ""), str(one.get("title") or one.get("ref") or ""))

    def _recipient(self, recipient: str) -> str:
        own = self.record.person
        if recipient in (own["slack_id"], f"home:{own['slack_id']}", f"mail:{own['id']}"):
            return str(own["name"])
        return self._label("channel") if recipient.startswith("conference:") else self._label("others")

    def _person(self, number: int) -> str:
        name, role = self.record.people.get(number, ("", ""))
        return f"{name} ({self._named(f'role.{role}', role)})" if name else f"{number}"

    def _instant(self, at: datetime) -> str:
        here = at.astimezone(self.record.zone)
        shown = f"{self._day(here.date())}, {clock(here)}"
        return f'<time datetime="{here.isoformat()}">{escape(shown)}</time>'

    def _day(self, date: date) -> str:
        return f"{day(date, self.language)} {date.year}"

    # --- words ---

    def _asked(self, flow: str, question: str) -> str:
        """The part and the question's own wording; their ids where there is no such part any more."""
        try:
            asked = self.words.flow(self.language, flow)
            worded = asked.question(question).ask[band_of(self.record.person["grade"], self.record.band)]
            return f"{asked.title}: {self._filled(worded)}"
        except (KeyError, ValueError, StopIteration):
            return f"{self._part(flow)}: {question}" if flow or question else self._label("outside")

    def _filled(self, worded: str) -> str:
        person = self.record.person
        advisor = self.record.people.get(person["advisor_id"] or 0, ("", ""))[0]
        about = {"student": person["name"].split()[0], "advisor": advisor, "round": 1, "goal": "…", "last": ""}
        return self.words.catalog.fill(self.language, worded, about) if "{" in worded else worded

    def _part(self, flow: str) -> str:
        return self.words.flow(self.language, flow).title if (self.language, flow) in self.words.flows else flow

    def _known(self, table: str) -> str:
        return self._named(f"export.{table}", table)

    def _column(self, column: str) -> str:
        return self._named(f"export.column_{column}", column.replace("_", " "))

    def _named(self, key: str, otherwise: str) -> str:
        labels: Callable[[str], Mapping[str, str]] = self.words.catalog.labels
        return labels(self.language).get(key) or labels("en").get(key, otherwise)

    def _label(self, key: str, **values: object) -> str:
        return self.words.catalog.label(self.language, f"export.{key}", **values)


def _to_show(table: str, row: Row) -> bool:
    """Not what was never sent, and no file of ours among their works."""
    return (table != "deliveries" or row["state"] == "sent") and (table != "shared_work" or ":" not in row["file"])


def _link(address: str, title: str) -> str:
    """A link where the address is one of the web; else the words alone."""
    if address.startswith(("https://", "http://")):
        return f'<a href="{escape(address)}" rel="noreferrer">{escape(title or address)}</a>'
    return escape(title or address)
