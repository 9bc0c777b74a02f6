"""The HTML pages of the login server."""

from __future__ import annotations

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1.1em/1.5 sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""


def page(title: str, text: str) -> bytes:
    """Return an HTML page with *title* and *text*, in UTF-8."""
    return _PAGE.format(title=escape(title), text=escape(text)).encode()
