from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from prompts.limits import Templates

COMPILED: dict[tuple[Any, ...], Any] = {}


@pytest.fixture(scope="module", autouse=True)
def _what_was_compiled_is_not_compiled_again() -> Iterator[None]:
    """Each test reads all the texts anew, with a file or two changed: only those have to be compiled."""
    compiles = Templates.compile

    def compiled(self: Templates, source: Any, name: Any = None, *more: Any, **options: Any) -> Any:
        key = (source, name, self.finalize, more, *options.items())
        if key not in COMPILED:
            COMPILED[key] = compiles(self, source, name, *more, **options)
        return COMPILED[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Templates, "compile", compiled)
        yield
