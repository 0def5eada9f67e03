"""What the watch needs to know; `invalidator/settings.py` reads it from the environment."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bucket_subscription.owner import ACL_EVENT, EVENTS, Owner
from bucket_watch.repair import Repairs

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What the operator chose, as the template passes it to the watch.

    Attributes:
        table_name: the DynamoDB table.
        queue_arn: the queue that buckets write to.
        stack_name: the stack, by which its entries are known.
        events_rule: name of the stack's EventBridge rule, "" for none.
        topic_arns: topics that may write to the queue, with commas between.
        acl_changes: whether new ACLs are asked for.
        repair_subscriptions: which buckets are repaired.
        event_bus: where others are told of what was lost: `default`, or a bus's ARN; "" for nowhere.
    """

    table_name: Text
    queue_arn: Text
    stack_name: Text
    events_rule: str = ""
    topic_arns: str = ""
    acl_changes: bool = False
    repair_subscriptions: Repairs = Repairs.NAMED
    event_bus: str = ""

    @property
    def owner(self) -> Owner:
        """Whose entries are the stack's."""
        events = (*EVENTS, ACL_EVENT) if self.acl_changes else EVENTS
        return Owner(self.stack_name, (self.queue_arn,), events)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics' ARNs."""
        return tuple(arn for each in self.topic_arns.split(",") if (arn := each.strip()))
