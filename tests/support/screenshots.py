"""The README's pictures of the pages, taken with Debian's chromium: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from tests.grafana import corpus
from tests.support import browser
from tests.support.pages import demo_session, run

WIDTH, HEIGHT = 1200, 1000
LIMIT_BYTES = 300_000


def main(target: Path) -> int:
    program = browser.find()
    if program is None:
        print("no Chromium found; on Debian: apt install chromium", file=sys.stderr)
        return 1
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "year").mkdir()
        pages = {"session": demo_session(Path(folder)), "report": year(Path(folder) / "year")}
        with browser.browser(program, Path(folder) / "profile") as tab:
            for name, page in pages.items():
                for dark in (False, True):
                    tab.dark(dark)
                    tab.open(page)
                    take(tab, target / f"{name}-{'dark' if dark else 'light'}.png")
    return 0


def year(folder: Path) -> Path:
    """A page over made-up work of a month."""
    corpus.build(folder / "m.db", 900)
    run(folder, "report", "--html", folder / "report.html", "--since", "2026-11-01", "--tz", "UTC")
    return folder / "report.html"


def take(tab: browser.Page, picture: Path) -> None:
    tab.picture(picture, WIDTH, HEIGHT)
    size = picture.stat().st_size
    assert size < LIMIT_BYTES, f"{picture} has {size} bytes"
    print(f"{picture}  {size:,} bytes")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs")))
