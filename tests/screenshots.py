"""
`python -m tests.screenshots`: take the pictures of the live page in docs/images anew.

It needs Chromium, and pngquant to make the files small. The figures are made up; the monitor and
its page are real.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.monitor.web.live_page import LivePage, chromium, made_up_page
from tests.processes import REPOSITORY, started_processes

_FOLDER = REPOSITORY / "docs" / "images"

#: Seconds in which a page shows some live figures.
_LIVE_S = 4.0


@dataclass(frozen=True)
class _Picture:
    """A picture of the page: its size in CSS pixels, and which host it shows."""

    name: str
    width: int
    height: int
    channels: int
    broken: int = 0
    is_dark: bool = False


_PICTURES = (
    _Picture("live-page", 1280, 800, channels=3),
    _Picture("live-page-thousand", 1440, 900, channels=1000, broken=2),
    _Picture("live-page-dark", 1280, 800, channels=3, broken=1, is_dark=True),
    _Picture("live-page-phone", 390, 844, channels=3, is_dark=True),
)


def _take(page: LivePage, picture: _Picture, url: str) -> None:
    page.browser.show_at(picture.width, picture.height, is_dark=picture.is_dark, scale=1.5)
    page.open(url)
    time.sleep(_LIVE_S)
    file = _FOLDER / f"{picture.name}.png"
    file.write_bytes(page.browser.screenshot())
    quantize = ("pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "256")
    subprocess.run([*quantize, str(file)], check=True)
    print(f"{file.relative_to(REPOSITORY)}: {file.stat().st_size // 1024} KiB")  # noqa: T201


def main() -> None:
    """Take all pictures."""
    _FOLDER.mkdir(exist_ok=True)
    with chromium() as page, tempfile.TemporaryDirectory() as name:
        for picture in _PICTURES:
            with started_processes(Path(name)) as start:
                _take(page, picture, made_up_page(start, picture.channels, picture.broken))


if __name__ == "__main__":
    main()
