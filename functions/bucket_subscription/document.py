"""A bucket's notification configuration as a value: its entries, which are ours, the same with ours changed, and what
a change does to it.

A document is what `GetBucketNotificationConfiguration` returns, less the SDK's metadata. Other people's
entries are carried on as they were read, never rebuilt.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bucket_subscription.key_filter import KeyFilter, read_filter
from bucket_subscription.owner import Owner

MOST_ENTRIES = 100  # aws-behaviour.md, S3 event notifications: configurations a bucket may hold

_QUEUES = "QueueConfigurations"
_EVENTBRIDGE = "EventBridgeConfiguration"
_KINDS = (
    (_QUEUES, "queue", "QueueArn"),
    ("TopicConfigurations", "topic", "TopicArn"),
    ("LambdaFunctionConfigurations", "function", "LambdaFunctionArn"),
)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a document, for reading.

    Attributes:
        kind: "queue", "topic" or "function".
        id: its id; S3 makes one up where none was given.
        arn: the destination.
        events: such as "s3:ObjectCreated:*", sorted.
        keys: the keys it speaks of.
    """

    kind: str
    id: str
    arn: str
    events: tuple[str, ...]
    keys: KeyFilter


def entries(document: Document) -> tuple[Entry, ...]:
    """Return every entry, ours and others', queues first."""
    return tuple(
        Entry(kind, each.get("Id", ""), each[arn], tuple(sorted(each["Events"])), read_filter(each))
        for member, kind, arn in _KINDS
        for each in document.get(member, [])
    )


def sends_to_eventbridge(document: Document) -> bool:
    """Whether the bucket sends its events to EventBridge."""
    return _EVENTBRIDGE in document


def same(one: Document, other: Document) -> bool:
    """Whether two documents mean the same: S3 keeps no order, and writes the rules' names in either case."""
    return _normal(one) == _normal(other)


def own_part(document: Document, owner: Owner) -> tuple[Mapping[str, Any], ...]:
    """Return our queue entries, as S3 lists them."""
    return tuple(each for each in document.get(_QUEUES, []) if _is_own(each, owner))


def foreign_part(document: Document, owner: Owner) -> Document:
    """Return the document without our queue entries."""
    return with_own_part(document, owner, ())


def with_own_part(document: Document, owner: Owner, own: Sequence[Mapping[str, Any]]) -> Document:
    """Return the document with our queue entries replaced by `own`, and everything else as it was."""
    others = [each for each in document.get(_QUEUES, []) if not _is_own(each, owner)]
    rest = {name: value for name, value in document.items() if name != _QUEUES}
    return {**rest, _QUEUES: [*others, *own]} if others or own else rest


def with_eventbridge(document: Document, *, on: bool) -> Document:
    """Return the document with delivery to EventBridge on or off, and everything else as it was."""
    if on == sends_to_eventbridge(document):
        return document
    rest = {name: value for name, value in document.items() if name != _EVENTBRIDGE}
    return {**rest, _EVENTBRIDGE: {}} if on else rest


def difference(before: Document, after: Document) -> tuple[str, ...]:
    """Return one line for each entry that goes (-) or comes (+); nothing where the two mean the same."""
    old, new = Counter(entries(before)), Counter(entries(after))
    lines = [f"- {describe(entry)}" for entry in (old - new).elements()]
    lines += [f"+ {describe(entry)}" for entry in (new - old).elements()]
    if sends_to_eventbridge(before) != sends_to_eventbridge(after):
        lines.append(f"{'+' if sends_to_eventbridge(after) else '-'} EventBridge: every event of the bucket")
    return tuple(lines)


def describe(entry: Entry) -> str:
    """Return an entry in one line."""
    return f"{entry.kind} {entry.id}: {', '.join(entry.events)} for {entry.keys} to {entry.arn}"


def _is_own(entry: Mapping[str, Any], owner: Owner) -> bool:
    return owner.owns(entry.get("Id", ""), entry["QueueArn"])


def _normal(document: Document) -> dict[str, Any]:
    members = {member: sorted(map(_normal_entry, document.get(member, []))) for member, _, _ in _KINDS}
    return {**members, _EVENTBRIDGE: sends_to_eventbridge(document)}


def _normal_entry(entry: Mapping[str, Any]) -> str:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filled = sorted((rule.get("Name", "").lower(), rule["Value"]) for rule in rules if rule.get("Value"))
    rest = {name: value for name, value in entry.items() if name != "Filter"}
    return json.dumps({**rest, "Events": sorted(entry["Events"]), "Filter": filled}, sort_keys=True)
