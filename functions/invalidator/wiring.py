"""The one place that makes the clients and hands each part what it needs. It runs once, at the cold start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Not boto3: its clients are botocore's, and its own part would be a fifth of importing them.
import botocore.session
from botocore.config import Config

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
from invalidator.intake.intake import Intake
from invalidator.ports import Announcements, Clock
from invalidator.remembering.remembering import Remembering
from invalidator.sender.buckets import Buckets
from invalidator.sender.forgetting import Forgetting
from invalidator.sender.sender import Sender
from invalidator.settings import Settings, read_settings
from invalidator.survey.refresh import Refresh
from invalidator.waking import Waking

# Three attempts in all, while there is time (aws/time_left.py): what still fails stays pending.
SDK_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
# The queues are near, and the last to be asked.
QUEUE_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
# Listing only helps to choose better: a bucket that hangs must not take the time to send.
LISTING_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)
# A table that hangs is found out soon: what arrives stays on the queue meanwhile.
TABLE_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)


@dataclass(frozen=True, slots=True)
class Wired:
    """What the handler needs: the steps, the clock they live by, and the time they have."""

    intake: Intake
    sender: Sender
    buckets: Buckets
    remembering: Remembering
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

    def client(service: str, config: Config = SDK_CONFIG, **credentials: str) -> Any:
        # The SDK's standard variables say where a service is.
        return time_left.guard(sdk.create_client(service, config=config, **credentials))

    table = DynamoDbTable(client("dynamodb", TABLE_CONFIG), settings.table_name)
    log, wakes, targets = LogTable(table, clock.now), WakeTable(table), TargetTable(table)
    sqs = client("sqs", QUEUE_CONFIG)
    # Made while the function starts: there the processor is full, and a first request is not kept waiting.
    clients = CloudFrontClients(client, clock.now)
    clients.for_role(None)
    wake_queue = WakeQueue(sqs, settings.wake_queue_url, settings.remember_queue_url)
    dead_letters = DeadLetters(sqs, settings.dead_letter_queue_url)
    surveys = SurveyTrigger(
        client("lambda", QUEUE_CONFIG), settings.survey_function_name, RoutesTable(table), clock.now
    )
    waking = Waking(wakes, wake_queue, clock)
    gathering, limits = settings.gathering, settings.limits
    surveying = Surveying(settings.survey_minutes * 60.0, HISTORY_SECONDS, settings.routing)
    refresh = Refresh(RoutesTable(table), CloudFrontDistributions(clients, clock), surveying, clock)
    return Wired(
        intake=Intake(
            log=log,
            targets=targets,
            surveys=surveys,
            queue=ChangesQueue(sqs, settings.queue_url),
            dead_letters=dead_letters,
            waking=waking,
            clock=clock,
            gathering=gathering,
            most_receives=settings.max_receive_count,
            acl_changes=settings.acl_changes,
            remembered=settings.remembered,
            hints=settings.hints,
        ),
        sender=Sender(
            log=log,
            wakes=wakes,
            targets=targets,
            accounts=AccountTable(table),
            cloudfront=CloudFrontInvalidations(clients),
            wake_queue=wake_queue,
            dead_letters=dead_letters,
            surveys=surveys,
            clock=clock,
            limits=limits,
            gathering=gathering,
            routing=settings.routing,
            listing=S3Listing(client("s3", LISTING_CONFIG)) if settings.listing_calls else None,
            listing_calls=settings.listing_calls,
            refresh=refresh,
            forgetting=(
                Forgetting(
                    log,
                    MemoryTable(
                        DynamoDbTable(client("dynamodb", TABLE_CONFIG), settings.remembered_table_name),
                        clock.now,
                    ),
                    settings.remembered,
                    settings.routing,
                )
                if settings.remembered_table_name
                else None
            ),
        ),
        buckets=Buckets(
            log=log,
            wakes=wakes,
            targets=targets,
            surveys=surveys,
            waking=waking,
            clock=clock,
            gathering=gathering,
            dead_letters=dead_letters,
            give_up_seconds=limits.give_up_seconds,
            survey_seconds=surveying.interval,
        ),
        # Without a memory: what waits for one that the stack has no more is handed over unjudged.
        remembering=Remembering(
            log=log, wakes=wakes, targets=targets, waking=waking, clock=clock, gathering=gathering
        ),
        clock=clock,
        time_left=time_left,
        wake_queue_arn=settings.wake_queue_arn,
        announcements=EventBus(client("events", QUEUE_CONFIG), settings.event_bus, stack_of(environment))
        if settings.event_bus
        else NoEvents(),
    )
