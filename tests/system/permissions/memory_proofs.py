"""What goes right with a permission that only remembered buckets need, and wrong without it."""

import itertools
import time
from typing import Any

from invalidator.aws.table.dynamodb import DynamoDbTable, number
from invalidator.aws.table.memory import MemoryTable
from invalidator.aws.table.wakes import wake_key
from invalidator.continuity import forget_keys
from invalidator.core.messages.wake import wake_body
from invalidator.core.pending.entry import memory_owner, target_owner
from invalidator.core.remembering.memory_state import begun_anew
from invalidator.core.remembering.row import Kind, Row
from invalidator.failures import TableUnavailable
from tests.system import site
from tests.system.conftest import REMEMBERED, Stack
from tests.system.permissions.proofs import change, messages, reads_as, wakes_sent, write
from tests.system.permissions.roles import as_role, invoke, survey, sweep, work
from tests.system.stack import PATIENCE_SECONDS, until

_numbers = itertools.count()
_distributions: list[str] = []


def lambda_can_read_the_wakes_of_memories(stack: Stack) -> bool:
    return reads_as(stack, stack.role_of(stack.named("RememberFunction")), stack.named("RememberQueue"))


def a_change_wakes_its_memory(stack: Stack) -> bool:
    _forget_wakes(stack)
    before = messages(stack, stack.named("RememberQueue"))
    work(stack, change(REMEMBERED, f"woken-{next(_numbers)}.html"))
    return messages(stack, stack.named("RememberQueue")) == before + 1


def a_memory_that_is_due_is_called_for(stack: Stack) -> bool:
    _forget_wakes(stack)
    past = number(time.time() - 300)
    write(stack, {**wake_key(memory_owner(REMEMBERED)), "due": past, "since": past})
    before = messages(stack, stack.named("RememberQueue"))
    return sweep(stack) is not None and messages(stack, stack.named("RememberQueue")) > before


def what_is_given_up_is_forgotten(stack: Stack) -> bool:
    """As the worker does before it writes a dead letter, under its role."""
    known, before, new = ("given-up.html", *(f"given-up-{next(_numbers)}.html" for _ in range(2)))
    _know(stack, known)
    theirs = _memory(stack, stack.aws.client("dynamodb"))
    theirs.store(
        REMEMBERED, theirs.state(REMEMBERED).epoch - 1, {before: (Row(Kind.UNKNOWN, rev="before"), "")}
    )
    session = as_role(stack, stack.worker_role)
    memory = _memory(stack, session.client("dynamodb", endpoint_url=stack.aws.endpoint))
    try:
        state = memory.state(REMEMBERED)
        keys = [known, before, new]
        return forget_keys(memory, REMEMBERED, state, keys, Kind.OWED, rev=f"p{next(_numbers)}")
    except TableUnavailable:
        return False


def what_changed_is_judged_and_a_round_remembers_the_bucket(stack: Stack) -> bool:
    """A change that waits is handed over, and its distribution woken; then all objects are listed and asked for."""
    if not _distributions:
        site.put(stack.aws.client("s3"), REMEMBERED, "kept.html")
        _distributions.append(site.make_distribution(stack.aws, REMEMBERED))
        until(lambda: (survey(stack) or {}).get("outcome") == "complete", PATIENCE_SECONDS, "a survey")
    memory = _memory(stack, stack.aws.client("dynamodb"))
    state = memory.state(REMEMBERED)
    assert memory.save(REMEMBERED, begun_anew(state, state.through, "a proof begins"))
    work(stack, change(REMEMBERED, f"judged-{next(_numbers)}.html"))
    # Without a mark that a look is asked for: each proof sees a message of its own.
    _forget_wakes(stack)
    before = wakes_sent(stack)
    record = {"messageId": "1", "body": wake_body(memory_owner(REMEMBERED))}
    answer, _ = invoke(stack, stack.named("RememberFunction"), {"Records": [record]})
    if answer != {"batchItemFailures": []}:
        return False
    return memory.state(REMEMBERED).complete > 0 and wakes_sent(stack) > before


def what_is_known_is_judged_again(stack: Stack) -> bool:
    """A change of a key that has a row already: the row is replaced."""
    key, memory = f"known-{next(_numbers)}.html", _memory(stack, stack.aws.client("dynamodb"))
    state = memory.state(REMEMBERED)
    # In the first epoch there are no rows yet: what the function finds would be new to it.
    assert memory.save(REMEMBERED, begun_anew(state, state.through, "a proof begins"))
    rev = _know(stack, key)
    work(stack, change(REMEMBERED, key))
    _forget_wakes(stack)
    record = {"messageId": "1", "body": wake_body(memory_owner(REMEMBERED))}
    answer, _ = invoke(stack, stack.named("RememberFunction"), {"Records": [record]})
    epoch = memory.state(REMEMBERED).epoch
    assert epoch == state.epoch + 1
    return answer == {"batchItemFailures": []} and memory.rows(REMEMBERED, epoch, [key])[key].rev != rev


def _know(stack: Stack, key: str) -> str:
    """Have a row for a key; return its `rev`."""
    memory = _memory(stack, stack.aws.client("dynamodb"))
    epoch = memory.state(REMEMBERED).epoch
    if key not in memory.rows(REMEMBERED, epoch, [key]):
        memory.store(REMEMBERED, epoch, {key: (Row(Kind.UNKNOWN, rev="known"), "")})
    return memory.rows(REMEMBERED, epoch, [key])[key].rev


def _memory(stack: Stack, client: Any) -> MemoryTable:
    return MemoryTable(DynamoDbTable(client, stack.outputs["RememberedTableName"]), time.time)


def _forget_wakes(stack: Stack) -> None:
    """Also a lease that a run which failed has left."""
    for name in (memory_owner(REMEMBERED), *map(target_owner, _distributions)):
        stack.aws.client("dynamodb").delete_item(TableName=stack.outputs["TableName"], Key=wake_key(name))
