"""The HTML pages on which a person allows or denies a login."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""

_FORM = """<form method="post">
{fields}
<button name="decision" value="authorize">Authorize</button>
<button name="decision" value="deny">Cancel</button>
</form>"""


def page(title: str, text: str) -> str:
    """Return a page that shows *text*."""
    return _PAGE.format(title=escape(title), body=f"<p>{escape(text)}</p>")


def decision_page(title: str, text: str, fields: Mapping[str, str]) -> str:
    """Return a page with the buttons Authorize and Cancel. Both also send *fields*."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    body = f"<p>{escape(text)}</p>\n{_FORM.format(fields=hidden)}"
    return _PAGE.format(title=escape(title), body=body)
