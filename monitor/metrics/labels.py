"""Labels in the text format of Prometheus. Their values come from Twitch, Kafka and files."""

from __future__ import annotations

import functools

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@functools.lru_cache(maxsize=4096)
def label(name: str, value: str) -> str:
    """Return one label, without braces. A value that is no Unicode text is made to be one."""
    # The name of a file may have bytes that are no UTF-8. Python keeps them as lone surrogates.
    text = value.encode(errors="backslashreplace").decode()
    return f'{name}="{text.translate(_ESCAPES)}"'


def labels(**values: str) -> str:
    """Return all labels of a sample, with braces."""
    return "{" + ",".join(label(name, value) for name, value in values.items()) + "}"
