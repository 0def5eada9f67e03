"""Writes SVG by hand: text stays text, and the colours follow the reader's light or dark scheme.

Every picture has a ground of its own, so that it reads well on a page whose colour does not follow the scheme.
"""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

SANS = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
# Class → (property, colour in the light scheme, colour in the dark scheme).
COLOURS = {
    "ground": ("fill", "#ffffff", "#11161d"),
    "card": ("fill", "#f4f6f8", "#1b222c"),
    "ink": ("fill", "#1f2933", "#e6edf3"),
    "soft": ("fill", "#55616d", "#9aa7b4"),
    "edge": ("stroke", "#c3ccd5", "#3a4654"),
    "grid": ("stroke", "#e1e6eb", "#28313c"),
    "way": ("stroke", "#55616d", "#9aa7b4"),
    "tip": ("fill", "#55616d", "#9aa7b4"),
}
# The lines and bars of charts, and texts of the same colour.
SERIES = {
    "blue": ("#0b69c7", "#58a6ff"),
    "orange": ("#b45309", "#f0a04b"),
    "green": ("#1a7f37", "#56d364"),
    "purple": ("#7c3aed", "#b794f6"),
    "red": ("#c62828", "#ff7b72"),
    "grey": ("#55616d", "#9aa7b4"),
}


@dataclass(slots=True)
class Drawing:
    """A picture that grows by calls; units are pixels from the top left corner.

    Attributes:
        width: of the whole.
        height: of the whole.
        title: one line for those who cannot see it.
    """

    width: float
    height: float
    title: str
    _parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        kind: str = "ink",
        size: float = 13,
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
        length: float = 0,
    ) -> None:
        """Write one line; `y` is its base line, `length` its width where the font must not decide."""
        weight = ' font-weight="600"' if bold else ""
        mono_class = " mono" if mono else ""
        fitted = f' textLength="{_n(length)}" lengthAdjust="spacingAndGlyphs"' if length else ""
        self._parts.append(
            f'<text class="{kind}{mono_class}" x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}"'
            f"{weight}{fitted}>{escape(words)}</text>"
        )

    def rect(
        self, x: float, y: float, width: float, height: float, *, kind: str = "card edge", round_: float = 0
    ) -> None:
        """Draw a rectangle."""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        self._parts.append(f'<rect class="{kind}" {place} rx="{_n(round_)}"/>')

    def path(self, steps: str, *, kind: str, width: float = 1.5, dashed: bool = False) -> None:
        """Draw a line along SVG path steps."""
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(f'<path class="line {kind}" d="{steps}" stroke-width="{_n(width)}"{dashes}/>')

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """Draw an arrow through points; each stretch goes along an axis."""
        (x0, y0), (x1, y1) = points[-2:]
        along = ((x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0))
        across = (along[1], along[0])
        base = (x1 - 8 * along[0], y1 - 8 * along[1])
        through = [*points[:-1], base]
        self.path("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in through), kind="way", dashed=dashed)
        corners = [base[0] + 4.5 * across[0], base[1] + 4.5 * across[1]]
        corners += [base[0] - 4.5 * across[0], base[1] - 4.5 * across[1]]
        self._parts.append(
            f'<path class="tip" d="M{_n(x1)} {_n(y1)}L{_n(corners[0])} {_n(corners[1])}'
            f'L{_n(corners[2])} {_n(corners[3])}Z"/>'
        )

    def render(self) -> str:
        """Return the file's text."""
        ground = Drawing(self.width, self.height, "")
        ground.rect(0.5, 0.5, self.width - 1, self.height - 1, kind="ground edge", round_=8)
        size = f'width="{_n(self.width)}" height="{_n(self.height)}" viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{SANS}">',
                f"<title>{escape(self.title)}</title>",
                f"<style>{style()}</style>",
                *ground._parts,
                *self._parts,
                "</svg>\n",
            ]
        )


def style() -> str:
    """Return the style sheet: every class in the light scheme, and again in the dark one."""
    light = [
        "path.line{fill:none;stroke-linejoin:round;stroke-linecap:round}",
        f"text{{white-space:pre}}.mono{{font-family:{MONO}}}",
    ]
    dark = []
    for name, (property_, day, night) in COLOURS.items():
        light.append(f".{name}{{{property_}:{day}}}")
        dark.append(f".{name}{{{property_}:{night}}}")
    for name, (day, night) in SERIES.items():
        light.append(f".{name}{{fill:{day}}}path.line.{name}{{fill:none;stroke:{day}}}")
        dark.append(f".{name}{{fill:{night}}}path.line.{name}{{fill:none;stroke:{night}}}")
    return "".join(light) + "@media (prefers-color-scheme: dark){" + "".join(dark) + "}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
