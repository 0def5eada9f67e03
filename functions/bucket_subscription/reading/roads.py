"""EventBridge's rules and SNS's subscriptions that lead to the queue, and how they are asked for."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from bucket_subscription.errors import UnsettledError

# Names of the events that an EventBridge rule has to take, beside S3's own names (S3 user guide, EventBridge).
CREATED, DELETED, ACL_UPDATED = "Object Created", "Object Deleted", "Object ACL Updated"
_GONE = {"NotFound", "NotFoundException", "ResourceNotFoundException"}


@dataclass(frozen=True, slots=True)
class Rule:
    """An EventBridge rule that sends to the queue.

    Attributes:
        name: its name.
        arn: its ARN.
        enabled: whether it is switched on.
        pattern: which events it takes.
        own: whether it is the stack's own.
        targeted: whether the queue is among its targets.
    """

    name: str
    arn: str
    enabled: bool
    pattern: Mapping[str, Any]
    own: bool = False
    targeted: bool = True

    def takes(self, bucket: str, detail_type: str) -> bool:
        """Whether its pattern takes an event of the bucket; what the pattern asks besides is believed to hold.

        Of EventBridge's matchers, exact values and `prefix` are read; any other is believed to match (EventBridge user
        guide, event patterns).
        """
        detail = self.pattern.get("detail", {})
        names = detail.get("bucket", {}).get("name") if isinstance(detail, Mapping) else None
        return (
            _matches(self.pattern.get("source"), "aws.s3")
            and _matches(self.pattern.get("detail-type"), detail_type)
            and _matches(names, bucket)
        )


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic that buckets send to.

    Attributes:
        arn: its ARN.
        subscribed: whether the queue is subscribed and the subscription confirmed.
    """

    arn: str
    subscribed: bool


class Roads(Protocol):
    """What a look needs of EventBridge and SNS. Each raises UnsettledError where it cannot be asked."""

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules that send to the queue, and the stack's own."""

    @property
    def topics(self) -> Mapping[str, Topic]:
        """The topics that the stack's parameters name."""


@dataclass
class AwsRoads:
    """`Roads` over the SDK; each is asked for once.

    Attributes:
        client: makes an SDK client of a service.
        queue_arn: the queue.
        own_rule: name of the stack's own rule, "" for none.
        topic_arns: the topics that may write to the queue.
    """

    client: Callable[[str], Any]
    queue_arn: str
    own_rule: str = ""
    topic_arns: Sequence[str] = ()

    @cached_property
    def rules(self) -> Sequence[Rule]:
        """The rules that send to the queue, and the stack's own."""
        with _asking("EventBridge"):
            events = self.client("events")
            targeted = self._pages(events.list_rule_names_by_target, "RuleNames", TargetArn=self.queue_arn)
            names = dict.fromkeys([*targeted, *([self.own_rule] if self.own_rule else [])])
            found = (self._rule(events, name, targeted) for name in names)
            return [rule for rule in found if rule is not None]

    @cached_property
    def topics(self) -> Mapping[str, Topic]:
        """The topics that the stack's parameters name."""
        with _asking("SNS"):
            return {arn: self._topic(arn) for arn in self.topic_arns}

    def _rule(self, events: Any, name: str, targeted: Sequence[str]) -> Rule | None:
        try:
            found = events.describe_rule(Name=name)
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        pattern = json.loads(found.get("EventPattern") or "{}")
        on = found.get("State", "ENABLED") != "DISABLED"
        return Rule(name, found["Arn"], on, pattern, name == self.own_rule, name in targeted)

    def _topic(self, arn: str) -> Topic:
        sns = self.client("sns")
        try:
            found = self._pages(sns.list_subscriptions_by_topic, "Subscriptions", TopicArn=arn)
        except ClientError as error:
            if _code(error) in _GONE:
                return Topic(arn, subscribed=False)
            raise
        ours = [each["SubscriptionArn"] for each in found if each.get("Endpoint") == self.queue_arn]
        confirmed = [each for each in ours if each.startswith("arn:")]
        return Topic(arn, subscribed=bool(confirmed))

    @staticmethod
    def _pages(call: Callable[..., Any], member: str, **asked: Any) -> list[Any]:
        found: list[Any] = []
        while True:
            page = call(**asked)
            found += page.get(member, [])
            if not page.get("NextToken"):
                return found
            asked["NextToken"] = page["NextToken"]


@contextmanager
def _asking(service: str) -> Iterator[None]:
    """Put what AWS answers in our words."""
    try:
        yield
    except ClientError as error:
        raise UnsettledError(f"{service} answered {_code(error)}: {error}") from error
    except (HTTPClientError, NoConnectionError) as error:
        raise UnsettledError(f"{service} did not answer ({error})") from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _matches(wanted: Any, value: str) -> bool:
    if wanted is None:
        return True
    for each in wanted if isinstance(wanted, list) else [wanted]:
        if isinstance(each, str):
            if each == value:
                return True
        elif isinstance(each, Mapping) and isinstance(each.get("prefix"), str):
            if value.startswith(each["prefix"]):
                return True
        elif isinstance(each, Mapping):
            return True
    return False
