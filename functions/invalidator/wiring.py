"""The one place that makes the worker's clients, for the steps (`steps.py`). It runs once, at the cold start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

# Not boto3: its clients are botocore's, and its own part would be a fifth of importing them.
import botocore.session

from invalidator.aws.client_config import client_config
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.aws.event_bus import EventBus, NoEvents, stack_of
from invalidator.aws.object_listing import S3Listing
from invalidator.aws.queue import ChangesQueue, DeadLetters, WakeQueue
from invalidator.aws.survey_trigger import SurveyTrigger
from invalidator.aws.table.accounts import AccountTable
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import HISTORY_SECONDS, LogTable
from invalidator.aws.table.memory import MemoryTable
from invalidator.aws.table.routes import RoutesTable
from invalidator.aws.table.targets import TargetTable
from invalidator.aws.table.wakes import WakeTable
from invalidator.aws.time_left import TimeLeft
from invalidator.clock import SystemClock
from invalidator.core.routing.renewal import Surveying
from invalidator.ports import Announcements, Clock
from invalidator.settings import Settings, read_settings
from invalidator.steps import Chosen, Outside, Steps, steps
from invalidator.survey.refresh import Refresh

if TYPE_CHECKING:
    from botocore.config import Config

SDK_CONFIG = client_config(2, 8)
# The queues are near, and the last to be asked.
QUEUE_CONFIG = client_config(1, 3)
# Listing only helps to choose better: a bucket that hangs must not take the time to send.
LISTING_CONFIG = client_config(1, 2, attempts=2)
# A table that hangs is found out soon: what arrives stays on the queue meanwhile.
TABLE_CONFIG = client_config(1, 2)


@dataclass(frozen=True, slots=True)
class Wired:
    """What the handler needs: the steps, the clock they live by, and the time they have."""

    steps: Steps
    clock: Clock
    time_left: TimeLeft
    wake_queue_arn: str
    announcements: Announcements


def wire(environment: Mapping[str, str], clock: Clock | None = None) -> Wired:
    """Make the worker. Raises SettingsError where the environment is not what the template sets."""
    settings = read_settings(environment, Settings)
    clock = clock or SystemClock()
    time_left = TimeLeft(clock.now)
    sdk: Any = botocore.session.get_session()  # its type wants each credential by name

    def client(service: str, config: "Config" = SDK_CONFIG, **credentials: str) -> Any:
        # The SDK's standard variables say where a service is.
        return time_left.guard(sdk.create_client(service, config=config, **credentials))

    table = DynamoDbTable(client("dynamodb", TABLE_CONFIG), settings.table_name)
    sqs = client("sqs", QUEUE_CONFIG)
    # Made while the function starts: there the processor is full, and a first request is not kept waiting.
    clients = CloudFrontClients(client, clock.now)
    clients.for_role(None)
    surveying = Surveying(settings.survey_minutes * 60.0, HISTORY_SECONDS, settings.routing)
    outside = Outside(
        log=LogTable(table, clock.now),
        wakes=WakeTable(table),
        targets=TargetTable(table),
        accounts=AccountTable(table),
        cloudfront=CloudFrontInvalidations(clients),
        changes=ChangesQueue(sqs, settings.queue_url),
        wake_queue=WakeQueue(sqs, settings.wake_queue_url, settings.remember_queue_url),
        dead_letters=DeadLetters(sqs, settings.dead_letter_queue_url),
        surveys=SurveyTrigger(
            client("lambda", QUEUE_CONFIG), settings.survey_function_name, RoutesTable(table), clock.now
        ),
        clock=clock,
        listing=S3Listing(client("s3", LISTING_CONFIG)) if settings.listing_calls else None,
        refresh=Refresh(RoutesTable(table), CloudFrontDistributions(clients, clock), surveying, clock),
        memory=(
            MemoryTable(
                DynamoDbTable(client("dynamodb", TABLE_CONFIG), settings.remembered_table_name), clock.now
            )
            if settings.remembered_table_name
            else None
        ),
    )
    chosen = Chosen(
        limits=settings.limits,
        gathering=settings.gathering,
        routing=settings.routing,
        most_receives=settings.max_receive_count,
        survey_seconds=surveying.interval,
        listing_calls=settings.listing_calls,
        acl_changes=settings.acl_changes,
        remembered=settings.remembered,
        hints=settings.hints,
    )
    return Wired(
        steps=steps(outside, chosen),
        clock=clock,
        time_left=time_left,
        wake_queue_arn=settings.wake_queue_arn,
        announcements=EventBus(client("events", QUEUE_CONFIG), settings.event_bus, stack_of(environment))
        if settings.event_bus
        else NoEvents(),
    )
