"""What the demo tells at its end: a row for each upload and distribution."""

from collections.abc import Iterable

from rich.table import Table

from infra.demo.watched import Watched
from invalidator.core.limits.budget import PRICE_OF_A_PATH_USD

LEGEND = """sent: invalidations. wild: wildcards among the paths. one each: what one
path for each object costs past the free 1,000 a month. fresh: from the last
change until all of it was invalidated, under the strictest quotas documented."""


def summary(uploads: Iterable[Watched]) -> Table:
    """Return the table of what the uploads took."""
    table = Table(title="\nwhat it took", title_justify="left", box=None, pad_edge=False)
    for name in ("upload", "distribution"):
        table.add_column(name, no_wrap=True)
    for name in ("objects", "sent", "paths", "wild", "one each", "fresh"):
        table.add_column(name, justify="right", no_wrap=True)
    for upload in uploads:
        for distribution, invalidations, paths, wildcards in upload.rows():
            objects = upload.objects_of(distribution)
            cells = (f"{objects:,}", f"{invalidations}", f"{paths}", f"{wildcards}")
            one_each = f"${objects * PRICE_OF_A_PATH_USD:.2f}"
            seconds = f"{upload.seconds_to_fresh(distribution):.1f} s"
            table.add_row(upload.name, distribution, *cells, one_each, seconds)
    return table
