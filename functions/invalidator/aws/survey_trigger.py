"""Starts the survey's function, and reads how far the survey is."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from invalidator.aws.aws_errors import AwsError
from invalidator.ports import RoutesStore, SurveyState

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


_logger = logging.getLogger(__name__)


class SurveyTrigger:
    """The port `Surveys` over the table and Lambda.

    Args:
        client: Lambda.
        function: the name of the survey's function.
        routes: the table's part that holds its state.
        now: tells the time, epoch seconds.
    """

    def __init__(
        self, client: "LambdaClient", function: str, routes: RoutesStore, now: Callable[[], float]
    ) -> None:
        self._client = client
        self._function = function
        self._routes = routes
        self._now = now

    def state(self) -> SurveyState:
        """Return how far it is. Raises TableUnavailable."""
        return self._routes.survey_state()

    def start(self) -> None:
        """Ask for one now, unless one was started or asked for lately; it runs by itself.

        Where its function cannot be invoked a line says so, and the survey comes when it is scheduled. Raises
        TableUnavailable.
        """
        if not self._routes.ask_survey(self._now()):
            return
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event")
        except AwsError as error:
            _logger.warning("the survey could not be started, and comes when it is scheduled: %s", error)
