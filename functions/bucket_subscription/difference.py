"""What a change does to a bucket's notification, as lines for a person."""

from collections import Counter

from bucket_subscription.document import Document, Entry, entries, sends_to_eventbridge


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
