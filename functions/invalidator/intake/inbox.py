"""A batch's messages, read: what changed, what was put back earlier, what cannot be read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.change import Change
from invalidator.core.messages.message_content import Problem
from invalidator.core.messages.reading import read_body
from invalidator.ports import Message


@dataclass(slots=True)
class Inbox:
    """A batch's messages, read.

    Attributes:
        changes: (message id, changes in it).
        keys: (message id, keys put back earlier).
        paths: (message id, paths put back earlier).
        unreadable: messages that go to the dead-letter queue, with what is wrong.
        tests: S3's greetings on new notifications.
        ignored: records that tell of what viewers cannot see.
        ignored_kinds: what those tell of.
        misdated: changes whose time cannot be believed.
    """

    changes: list[tuple[str, Sequence[Change]]] = field(default_factory=list)
    keys: list[tuple[str, KeyBacklog]] = field(default_factory=list)
    paths: list[tuple[str, PathBacklog]] = field(default_factory=list)
    unreadable: list[tuple[Message, Problem]] = field(default_factory=list)
    tests: int = 0
    ignored: int = 0
    ignored_kinds: set[str] = field(default_factory=set)
    misdated: int = 0


def read(messages: Iterable[Message], *, acl_changes: bool = False) -> Inbox:
    """Read a batch. What can be read of a message counts, even where one of its records cannot.

    Args:
        messages: the batch.
        acl_changes: whether a new ACL of an object is a change of it.
    """
    inbox = Inbox()
    for message in messages:
        content = read_body(message.body, message.sent, acl_changes=acl_changes)
        if content.changes:
            inbox.changes.append((message.id, content.changes))
        elif content.backlog is not None:
            if isinstance(content.backlog, PathBacklog):
                inbox.paths.append((message.id, content.backlog))
            else:
                inbox.keys.append((message.id, content.backlog))
        inbox.tests += content.test_event
        inbox.ignored += content.ignored
        inbox.ignored_kinds.update(content.ignored_kinds)
        inbox.misdated += content.misdated
        if content.problem is not None:
            inbox.unreadable.append((message, content.problem))
    return inbox
