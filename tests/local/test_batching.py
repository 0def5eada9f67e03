"""A batch closes at its size, at 6 MB or when its window is over, as AWS documents it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.event_source.batching import RECORD_OVERHEAD_BYTES, Batch, BatchRules

S3_MESSAGE_BYTES = 900


def test_a_full_batch_is_due_at_once():
    batch = Batch[str](BatchRules(size=3, window=300))
    for message in ("a", "b"):
        batch.add(10.0, message, 1)
        assert not batch.is_due(10.0)
    batch.add(10.0, "c", 1)
    assert batch.is_due(10.0)
    assert not batch.has_room(1)
    assert batch.messages == ["a", "b", "c"]


def test_the_window_counts_from_the_first_message():
    batch = Batch[str](BatchRules(size=10_000, window=20))
    assert not batch.is_due(1_000_000.0)
    batch.add(100.0, "a", 1)
    batch.add(119.0, "b", 1)
    assert not batch.is_due(119.999)
    assert batch.is_due(120.0)


def test_without_a_window_the_first_message_goes_at_once():
    batch = Batch[str](BatchRules(size=10, window=0))
    batch.add(5.0, "a", 1)
    assert batch.is_due(5.0)


def test_six_megabytes_close_a_batch_of_s3_messages_at_three_to_four_thousand():
    batch = Batch[int](BatchRules(size=10_000, window=300))
    while batch.has_room(S3_MESSAGE_BYTES):
        batch.add(0.0, len(batch.messages), S3_MESSAGE_BYTES)
    assert 3_000 <= len(batch.messages) <= 4_000


def test_a_message_beyond_the_payload_waits_for_the_next_batch():
    batch = Batch[str](BatchRules(size=10, window=300, payload_bytes=3_000))
    batch.add(0.0, "a", 1_000)
    assert batch.has_room(200)
    assert not batch.has_room(201)
    with pytest.raises(ValueError, match="full"):
        batch.add(0.0, "b", 201)
    assert batch.messages == ["a"]


def test_one_message_always_fits_a_batch_of_its_own():
    batch = Batch[str](BatchRules(size=1, window=0, payload_bytes=10))
    batch.add(0.0, "large", 1_000_000)
    assert batch.is_due(0.0)


@given(
    size=st.integers(1, 20),
    window=st.floats(0, 300),
    arrivals=st.lists(st.tuples(st.floats(0, 50), st.integers(0, 2_000)), max_size=80),
)
def test_every_message_travels_once_in_order_and_no_batch_breaks_a_rule(size, window, arrivals):
    rules = BatchRules(size=size, window=window, payload_bytes=6_000)
    batches: list[Batch[tuple[int, float, int]]] = []
    batch = Batch[tuple[int, float, int]](rules)
    now = 0.0
    for number, (pause, body_bytes) in enumerate(arrivals):
        now += pause
        if batch.is_due(now) or not batch.has_room(body_bytes):
            batches.append(batch)
            batch = Batch(rules)
        batch.add(now, (number, now, body_bytes), body_bytes)
    batches.append(batch)
    assert [each[0] for closed in batches for each in closed.messages] == list(range(len(arrivals)))
    for closed in batches:
        assert len(closed.messages) <= size
        weight = sum(body_bytes + RECORD_OVERHEAD_BYTES for _, _, body_bytes in closed.messages)
        assert weight <= rules.payload_bytes or len(closed.messages) == 1
        if closed.messages:
            assert closed.messages[-1][1] - closed.messages[0][1] <= window
