"""A school's own templates: none hangs the bot, fills its memory, or reaches what it is not given."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts import LARGEST_FILE, Catalog, PromptsError
from prompts.limits import DEEPEST_LOOP, LONGEST, LONGEST_SOURCE
from prompts.markdown import plain
from tests.prompts.folders import lay

ENDLESS = "{% for a in many %}" * DEEPEST_LOOP + "x" + "{% endfor %}" * DEEPEST_LOOP
DOUBLED = "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 60
NESTED = "{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 60
SQUARED = "{% set a = 9999 %}" + "{% set a = a * a %}" * 60

REFUSED_WHEN_READ = [
    "{{ range(10) }}",
    "{{ name.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ name | attr('__class__') }}",
    "{{ self.__init__ }}",
    "{{ self }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum() }}",
    "{{ namespace(a=1) }}",
    "{{ joiner(',') }}",
    "{{ dict(a=1) }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ name.format() }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ name | center(999999999) }}",
    "{{ name | replace('a', 'aaaaaaaa') }}",
    "{{ name | map('upper') | list }}",
    "{{ many | batch(2) }}",
    "{{ name | pprint }}",
    "{{ 2 ** 999999999 }}",
    "{% for a in many recursive %}{{ loop(many) }}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}",
    "{% import 'other.md.j2' as other %}",
    "{% from 'other.md.j2' import m %}",
    "{% extends 'menu.md.j2' %}",
    "{% include name %}",
    "{% block a %}{% endblock %}",
    "{% call name() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% if name %}",
    "{{ name | __counted }}",
    "{{ __values }}",
    "{{ name.strip(*many) }}",
    "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
    "{{ " + "not " * 3_000 + "1 }}",
    "{% for a in many %}" * (DEEPEST_LOOP + 1) + "{% endfor %}" * (DEEPEST_LOOP + 1),
    "{{ name }}" * (LONGEST_SOURCE // 10 + 1),
]
REFUSED_WHEN_USED = {
    ENDLESS: "turns of loops",
    DOUBLED: "characters",
    NESTED + "{{ a }}": "a list where a text is wanted",
    NESTED + "{{ a ~ 'x' }}": "a list where a text is wanted",
    SQUARED: "a number beyond",
    "{{ 'x' * 999999999 }}": "characters",
    "{{ name * name }}": "between a text and a text",
    "{{ '%s' % name }}": "between a text and a text",
    "{{ 1 / 0 }}": "division by zero",
    "{{ 1e300 * 1e300 }}": "a number beyond",
    "{{ name | int | first }}": "TypeError",
    "{{ many + 1 }}": "between a list and a number",
    "{{ many }}": "a list where a text is wanted",
    "{{ {'a': 1} }}": "a table where a text is wanted",
    "{% include 'menu.md.j2' %}": "takes itself in",
    "{% for a in many %}{% for b in many %}{{ name | upper | lower | trim }}{% endfor %}{% endfor %}": "turns of loops",
    "{% for a in many %}" + "y" * (LONGEST // 900) + "{% endfor %}": "characters",
}
CONTEXT = {"name": "Noor", "many": list(range(1_000))}


def rendered(tmp_path: Path, template: str) -> str:
    """What a school's own `menu` comes to."""
    catalog = Catalog.load(lay(tmp_path, {"en/messages/menu.md.j2": template}))
    return plain(catalog.render("en", "menu", CONTEXT))


@pytest.mark.parametrize("template", REFUSED_WHEN_READ, ids=lambda template: template[:40])
def test_what_a_message_has_no_use_for_is_refused_with_its_file(tmp_path: Path, template: str) -> None:
    with pytest.raises(PromptsError, match=r"menu\.md\.j2"):
        rendered(tmp_path, template)


@pytest.mark.parametrize(("template", "why"), REFUSED_WHEN_USED.items(), ids=lambda text: text[:40])
def test_what_would_not_end_or_grow_without_bound_is_stopped(tmp_path: Path, template: str, why: str) -> None:
    with pytest.raises(PromptsError, match=why) as refused:
        rendered(tmp_path, template)
    assert "menu.md.j2" in str(refused.value)
    assert "Noor" not in str(refused.value)


def test_templates_that_take_each_other_in_are_stopped(tmp_path: Path) -> None:
    own = lay(
        tmp_path,
        {
            "en/messages/menu.md.j2": "{% include 'help.md.j2' %}",
            "en/messages/help.md.j2": "{% include 'menu.md.j2' %}",
        },
    )
    with pytest.raises(PromptsError, match="takes itself in"):
        Catalog.load(own).render("en", "menu", {})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% for a in many %}{% if loop.first %}{{ name }}{% endif %}{% endfor %}", "Noor"),
        ("{% set all = many | length %}{{ '=' * 3 ~ all ~ name | upper }}", "===1000NOOR"),
        ("{{ {'Noor': 'she'}[name] }} {{ (10 * 3 / 4) | int }} {{ name[:2] }}", "she 7 No"),
        ("{% if missing is defined %}no{% else %}yes{% endif %}", "yes"),
        ("{% for a in 'ab' %}{% for b in 'cd' %}{{ a ~ b }}{{ '' if loop.last else ',' }} {% endfor %}{% endfor %}",
         "ac, ad bc, bd"),
    ],
)  # fmt: skip
def test_what_messages_do_works(tmp_path: Path, template: str, text: str) -> None:
    catalog = Catalog.load(lay(tmp_path, {"en/messages/menu.md.j2": template}))
    assert plain(catalog.render("en", "menu", CONTEXT)).strip() == text


def test_one_rendering_after_another_has_all_its_steps(tmp_path: Path) -> None:
    catalog = Catalog.load(lay(tmp_path, {"en/messages/menu.md.j2": "{% for a in many %}{{ a }} {% endfor %}"}))
    for _ in range(150):
        assert catalog.render("en", "menu", CONTEXT)


def test_a_file_that_is_far_too_large_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptsError, match=r"labels\.toml: larger than"):
        Catalog.load(lay(tmp_path, {"en/labels.toml": "#" * (LARGEST_FILE + 1)}))
