"""Which buckets sent changes, by what the table holds: those that are served and whose log was written to."""

from collections.abc import Iterable, Sequence

from invalidator.aws.table.logs import LogTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.core.pending.entry import bucket_owner


class SendersInTable:
    """Which buckets sent changes. Raises TableUnavailable."""

    def __init__(self, routes: RoutesTable, log: LogTable) -> None:
        self._routes = routes
        self._log = log

    def have_sent(self, known: Iterable[str]) -> Sequence[str]:
        """Return the buckets whose changes came, but for those that are known; of those that nobody serves none."""
        served = {bucket for routes, _ in self._routes.all_routes() for bucket in routes.buckets}
        return [each for each in sorted(served - set(known)) if self._log.newest(bucket_owner(each))]
