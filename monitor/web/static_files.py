"""The files that the live page loads."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "static"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def static_files() -> dict[str, tuple[Path, str]]:
    """Return the path and the media type of each file, by its name. Nothing else is served."""
    return {
        path.name: (path, _TYPES[path.suffix]) for path in FOLDER.glob("*") if path.suffix in _TYPES
    }
