"""How a failure is named in the log: by its kind and place. Its message may quote what somebody wrote."""

from __future__ import annotations

from pathlib import PurePath


def named(error: BaseException) -> str:
    """The error's type, and where it was raised."""
    return f"{type(error).__name__} at {raised_at(error)}"


def raised_at(error: BaseException) -> str:
    """The file and line that raised it; "nowhere" if it was not raised yet."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "nowhere"
