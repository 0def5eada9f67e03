"""What the committed pictures say."""

from pathlib import Path
from xml.etree import ElementTree as ET

PICTURES = Path(__file__).parents[2] / "infra" / "pictures"
TEXT = "{http://www.w3.org/2000/svg}text"


def texts(name: str) -> list[str]:
    """Return the texts of a committed picture, in their order."""
    return texts_of((PICTURES / f"{name}.svg").read_text("utf-8"))


def texts_of(svg: str) -> list[str]:
    """Return the texts of a picture, as a reader sees them. Raises ParseError where it is not well-formed."""
    texts = ["".join(each.itertext()) for each in ET.fromstring(svg).iter(TEXT)]  # noqa: S314  our own files
    return [shown for each in texts if (shown := each.replace("\N{NO-BREAK SPACE}", " ").strip())]
