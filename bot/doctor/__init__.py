"""The doctor: looks at everything an installation needs and says what is wrong, without changing anything.

A check is a function from the `Look` to a `Finding`, and a row in `table`. Adding one is writing both.
"""
