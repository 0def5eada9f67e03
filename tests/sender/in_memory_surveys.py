"""The survey as the worker sees it, over a table in memory."""

from collections.abc import Callable

from infra.simulator.aws.table import InMemoryTable
from invalidator.ports import SurveyState


class InMemorySurveys:
    """The survey as the worker sees it.

    Args:
        table: where its state stands.
        now: tells the time, epoch seconds.
        run: starts one; it may run at once, or later.
    """

    def __init__(
        self, table: InMemoryTable, now: Callable[[], float], run: Callable[[], None] = lambda: None
    ) -> None:
        self._table = table
        self._now = now
        self._run = run

    def state(self) -> SurveyState:
        """Return how far it is."""
        return self._table.survey_state()

    def start(self) -> None:
        """Ask for one now, unless one was started or asked for lately."""
        if self._table.ask_survey(self._now()):
            self._run()
