"""The picture of the flow: the way of a change from a bucket to CloudFront, and what stands beside it."""

from infra.pictures.svg import Drawing

WIDTH, HEIGHT = 1000, 456


def draw() -> str:
    """Return the picture as SVG."""
    drawing = Drawing(
        WIDTH,
        HEIGHT,
        "S3 buckets notify an SQS queue; a Lambda worker sends one multi-path invalidation per distribution",
    )
    _box(drawing, (24, 24), (168, 72), "SNS or EventBridge", "other roads, in any mix")
    _box(drawing, (24, 150), (168, 92), "S3 buckets", "objects created,", "removed, expired")
    _box(drawing, (268, 150), (176, 92), "SQS queue", "gathers a batch: 20 s,", "or 6 MB if sooner")
    _box(
        drawing,
        (800, 146),
        (176, 100),
        "CloudFront",
        "one multi-path",
        "invalidation for",
        "each distribution",
    )
    _box(
        drawing,
        (528, 320),
        (204, 112),
        "DynamoDB table",
        "who serves which bucket,",
        "what was sent,",
        "paths spent this month",
    )
    _box(
        drawing,
        (268, 320),
        (176, 112),
        "Dead-letter queue",
        "each message with reason,",
        "distribution, paths",
    )
    _box(drawing, (24, 320), (168, 112), "Operator's desk", "invalidator dlq", "list, explain, redrive")
    _worker(drawing)
    _ways(drawing)
    return drawing.render()


def _worker(drawing: Drawing) -> None:
    drawing.rect(528, 24, 204, 234, round_=8)
    drawing.text(630, 52, "Lambda worker", bold=True, size=14, anchor="middle")
    steps = [
        ("reads", "what changed"),
        ("maps", "keys to viewer paths"),
        ("skips", "what is already fresh"),
        ("coalesces", "to few paths"),
        ("paces", "under CloudFront's quotas"),
    ]
    for row, (verb, what) in enumerate(steps):
        y = 80 + row * 36
        drawing.text(546, y, verb, kind="blue", bold=True)
        drawing.text(546, y + 16, what, kind="soft", size=12)


def _ways(drawing: Drawing) -> None:
    """Draw the arrows, each with a word or two."""
    drawing.arrow((192, 196), (268, 196))
    _word(drawing, 230, 187, "notifies")
    drawing.arrow((108, 150), (108, 96), dashed=True)
    drawing.arrow((192, 60), (356, 60), (356, 150), dashed=True)
    drawing.arrow((444, 180), (528, 180))
    _word(drawing, 486, 171, "batch")
    drawing.arrow((528, 212), (444, 212))
    _word(drawing, 486, 230, "what waits,")
    _word(drawing, 486, 245, "compact")
    drawing.arrow((732, 196), (800, 196))
    _word(drawing, 766, 187, "paths")
    drawing.arrow((620, 258), (620, 320))
    drawing.arrow((660, 320), (660, 258))
    _word(drawing, 670, 293, "remembers", "start")
    drawing.arrow((552, 258), (552, 292), (400, 292), (400, 320))
    _word(drawing, 476, 284, "gives up, says why")
    drawing.arrow((330, 242), (330, 320))
    _word(drawing, 322, 305, "after 10 tries", "end")
    drawing.arrow((268, 376), (192, 376))
    _word(drawing, 230, 367, "shows")
    drawing.arrow((108, 320), (108, 274), (290, 274), (290, 242))
    _word(drawing, 199, 267, "redrives")


def _word(drawing: Drawing, x: float, y: float, words: str, anchor: str = "middle") -> None:
    drawing.text(x, y, words, kind="soft", size=12, anchor=anchor)


def _box(
    drawing: Drawing, corner: tuple[float, float], size: tuple[float, float], name: str, *words: str
) -> None:
    (x, y), (width, height) = corner, size
    drawing.rect(x, y, width, height, round_=8)
    first = y + (height - 18 * len(words)) / 2
    drawing.text(x + width / 2, first + 2, name, bold=True, size=14, anchor="middle")
    for row, line in enumerate(words):
        drawing.text(x + width / 2, first + 22 + row * 18, line, kind="soft", size=12, anchor="middle")
