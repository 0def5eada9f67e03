"""The one place that makes the clients and hands each part what it needs. It runs once, at the cold start."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Not boto3: its clients are botocore's, and its own part would be a fifth of importing them.
import botocore.session
from botocore.config import Config

from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDiscovery
from invalidator.aws.memory_table import MemoryTable
from invalidator.aws.object_listing import S3Listing
from invalidator.aws.queue import SqsQueues
from invalidator.aws.time_left import TimeLeft
from invalidator.batch.sending import Limits
from invalidator.batch.worker import Worker
from invalidator.core.limits.allowance import Allowance
from invalidator.ports import Clock
from invalidator.settings import read_settings

# Three attempts in all, while there is time (aws/time_left.py): what still fails is put back with a delay.
SDK_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
# The queue is near, and the last to be asked.
QUEUE_CONFIG = Config(
    connect_timeout=1,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
# The worker can go on without its memory: a table that hangs must not cost the time to send.
MEMORY_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)


class SystemClock:
    """Real time."""

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Wired:
    """What the handler needs: the worker, the clock it lives by, and the time it has."""

    worker: Worker
    clock: Clock
    time_left: TimeLeft


def wire(environment: Mapping[str, str], clock: Clock | None = None) -> Wired:
    """Make the worker. Raises SettingsError where the environment is not what the template sets."""
    settings = read_settings(environment)
    clock = clock or SystemClock()
    time_left = TimeLeft(clock.now)
    sdk: Any = botocore.session.get_session()  # its type wants each credential by name

    def client(service: str, config: Config = SDK_CONFIG, **credentials: str) -> Any:
        # The SDK's standard variables say where a service is.
        return time_left.guard(sdk.create_client(service, config=config, **credentials))

    clients = CloudFrontClients(client, clock.now)
    return Wired(
        Worker(
            cloudfront=CloudFrontInvalidations(clients),
            discovery=CloudFrontDiscovery(clients),
            memory=MemoryTable(client("dynamodb", MEMORY_CONFIG), settings.table_name),
            queue=SqsQueues(client("sqs", QUEUE_CONFIG), settings.queue_url, settings.dead_letter_queue_url),
            clock=clock,
            limits=Limits(
                Allowance(settings.max_paths, min(settings.max_wildcards, settings.max_paths)),
                settings.monthly_path_budget,
            ),
            routing=settings.routing,
            mapping_seconds=settings.mapping_seconds,
            listing=S3Listing(client("s3")) if settings.listing_calls else None,
            listing_calls=settings.listing_calls,
        ),
        clock,
        time_left,
    )
