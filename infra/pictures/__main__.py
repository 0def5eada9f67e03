"""`make pictures`: draw the README's pictures again, from the code, the template and runs made now."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from infra.pictures import dashboard, dashboard_day, demo, upload

HERE = Path(__file__).parent
PICTURES: dict[str, Callable[[], str]] = {
    "upload": lambda: upload.draw(upload.measure(lambda words: print(words, file=sys.stderr))),
    "dashboard": lambda: dashboard.draw(dashboard.widgets(), dashboard_day.sample_day()),
    "demo": lambda: demo.draw(demo.record()),
}


def main() -> int:
    """Draw the pictures named as arguments, or all of them."""
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(PICTURES))
    parser.add_argument(
        "--into", type=Path, default=HERE, help="the directory (default: where they are committed)"
    )
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(PICTURES))
    if unknown:
        parser.error(f"no such picture: {', '.join(unknown)}")
    for name in given.names or PICTURES:
        file = given.into / f"{name}.svg"
        file.write_text(PICTURES[name](), encoding="utf-8")
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
