"""The names of the metrics, one custom metric each: CloudWatch takes $0.30 a month for every one of them.

So there are as few as the alarms and the dashboard's questions need; whatever else is worth knowing is a field of a log
line, which Logs Insights adds up. `tests/template` holds the sum: $3 a month with the alarms.

A metric costs only in the hours in which it is written. One that is written only while something is wrong costs a well
stack its alarm alone, whose missing data count as well (`TreatMissingData: notBreaching`).
"""

from enum import StrEnum


class Metric(StrEnum):
    """A metric's name. Its namespace is `CloudFrontInvalidator`, its one dimension `service`, the stack's name.

    | metric | written by | one value for |
    | --- | --- | --- |
    | `OLDEST_UNSENT_SECONDS` | sweep | each minute; 0 where nothing waits |
    | `PENDING_TARGETS` | sweep | each minute |
    | `NEW_DEAD_LETTERS` | worker: those it writes; sweep: by how many more there are than a minute ago, so that those |
    | | which the queue's redrive policy moves count too. The sum may count one twice: the alarm asks whether it is 0. |
    | `EVENT_TO_INVALIDATION_SECONDS` | worker | some of an invalidation's changes: p50 and p95 |
    | `PATHS_SENT` | worker | each invalidation, so that their count is this metric's SampleCount |
    | `THROTTLED` | worker | each run that CloudFront refused something for its quotas |
    | `UNCHANGED_KEYS`, `NEW_KEYS`, `CHANGED_KEYS` | memory | each run that judged; only with RememberedBuckets |
    | `UNJUDGED_KEYS` | memory | each run in which S3 could not be asked about keys; likewise, and only then |
    | `SUBSCRIPTIONS_LOST` | watch | each round that finds buckets whose changes did not come: how many |
    | `PATHS_THIS_MONTH` | worker | each invalidation; at HardPathLimit also each one that the limit stopped |
    | `ROUTES_AGE_SECONDS` | sweep | each minute while the routes are late (`core/routes_age.py`), else none |
    """

    OLDEST_UNSENT_SECONDS = "OldestUnsentSeconds"
    PENDING_TARGETS = "PendingTargets"
    NEW_DEAD_LETTERS = "NewDeadLetters"
    EVENT_TO_INVALIDATION_SECONDS = "EventToInvalidationSeconds"
    PATHS_SENT = "PathsSent"
    THROTTLED = "Throttled"
    PATHS_THIS_MONTH = "PathsThisMonth"
    UNCHANGED_KEYS = "UnchangedKeys"
    NEW_KEYS = "NewKeys"
    CHANGED_KEYS = "ChangedKeys"
    UNJUDGED_KEYS = "UnjudgedKeys"
    ROUTES_AGE_SECONDS = "RoutesAgeSeconds"
    SUBSCRIPTIONS_LOST = "SubscriptionsLost"

    @property
    def only_while_wrong(self) -> bool:
        """Whether a stack in which all is well never writes it, and so does not pay for it."""
        return self in _ONLY_WHILE_WRONG


_ONLY_WHILE_WRONG = frozenset([Metric.ROUTES_AGE_SECONDS, Metric.SUBSCRIPTIONS_LOST, Metric.UNJUDGED_KEYS])
# Written only where buckets are remembered: elsewhere they cost nothing.
OF_REMEMBERED_BUCKETS = frozenset(
    [Metric.UNCHANGED_KEYS, Metric.NEW_KEYS, Metric.CHANGED_KEYS, Metric.UNJUDGED_KEYS]
)
