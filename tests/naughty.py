"""Strings that break things: what a student, or a name in a roster, may well hold."""

from __future__ import annotations

from hypothesis import strategies as st

NAUGHTY = (
    "*bold* _italic_ ~struck~ `code` ```block```",
    "**bold** [link](https://x.example) ![image](https://x.example/i.png)",
    "<!channel> <!here> <@U123> <#C123|general> <https://x.example|click>",
    "&lt;!channel&gt; &amp; &#42;",
    "# heading\n\n> quote\n\n- item\n1. item\n\n    code\n---",
    "{{ 7 * 7 }} {% for x in y %} {# c #} ${x} %s {0}",
    "'; DROP TABLE answer; --",
    "\u202egnirts desrever\u202c \u2066isolated\u2069",
    "\x00\x01\x07\x1b[31m\x7f\x85",
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽 e\u0301 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L",
    "\ufdd00\ufdd3 \ufdd11\ufdd3 \ufdd20\ufdd3",
    ":tada: :+1: 12:30:45",
    "a" * 5000,
    "e" + "\u0301" * 4000,
    "word " * 1200,
    "&<>" * 2000,
    "\n" * 3200 + "end",
    "ends in space \n",
    "http://x.example javascript:alert(1)",
    "\\ \\* \\\\ \\n",
    "\r\n" * 20 + "x",
    "<!everyone> <!subteam^S1|@team> @channel @here",
    "{{ ''.__class__.__mro__ }}{% endraw %}{{ self }}",
    "' OR '1'='1' /* ; DELETE FROM answer WHERE 1=1; --",
    "<script>alert(1)</script> <b onmouseover=alert(1)>",
    "\u202b\u202eمرحبا\u202c\u202c\u200f 1️⃣ 🇪🇸 👨🏿‍🚀",
    "9" * 5000,
)

naughty_texts = st.one_of(
    st.sampled_from(NAUGHTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.lists(st.one_of(st.sampled_from(NAUGHTY), st.text(st.characters(exclude_categories=["Cs"]))), max_size=4).map(
        "".join
    ),
)
