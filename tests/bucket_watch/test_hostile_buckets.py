"""A repair meets whatever others have put on a bucket, and others who write while it works: theirs stays."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from bucket_subscription.document import own_part, same
from bucket_watch.repair import Repairs
from tests.bucket_subscription.fake_bucket_aws import OWNER, queue_entry
from tests.bucket_subscription.foreign_notifications import any_events, documents, foreign
from tests.bucket_watch.lookouts import BY_EVENTBRIDGE, BY_HAND, DIRECT
from tests.bucket_watch.test_watch import World

WISHES = st.lists(st.sampled_from([DIRECT, BY_HAND, BY_EVENTBRIDGE]), min_size=1, unique=True)
CALLS = st.integers(0, 12)


@settings(max_examples=40)
@given(any_events, WISHES)
def test_a_bucket_is_repaired_or_its_hindrance_named_and_others_stay_either_way(document, wishes):
    """The fake S3 fails the test if it is ever sent what S3 would call ambiguous."""
    world = World(*wishes, repairs=Repairs.ALL, site=copy.deepcopy(document))
    before = foreign(document)
    line = world.line()
    after = foreign(world.s3.documents["site"])
    switched = BY_EVENTBRIDGE in wishes
    for each in (before, after):
        if switched:
            each.pop("EventBridgeConfiguration", None)
    assert same(after, before)
    if line.state == "lost":
        assert line.not_repaired
    else:
        assert line.state in {"works", "repaired"}
        assert (len(own_part(world.s3.documents["site"], OWNER)) > 0) == (set(wishes) != {BY_EVENTBRIDGE})


@settings(max_examples=40)
@given(documents(), CALLS)
def test_what_another_writes_while_a_round_works_stays(document, at):
    """But for the one moment that S3 leaves open, between the second read and the write (settle.py)."""
    world = World(DIRECT, site=copy.deepcopy(document))
    theirs = queue_entry("a-late-one", ["s3:ObjectTagging:Put"], "late/")
    late = []

    def write():
        standing = world.s3.documents["site"]
        standing.setdefault("QueueConfigurations", []).append(copy.deepcopy(theirs))
        late.append(theirs)

    real = world.s3.write

    def guarded(bucket, document, *, validate):
        world.s3.before_call.pop(len(world.s3.calls), None)
        real(bucket, document, validate=validate)

    world.s3.write = guarded
    world.s3.before_call[at] = write
    world.round()
    kept = world.s3.documents["site"].get("QueueConfigurations", [])
    assert [each["Id"] for each in kept].count("a-late-one") == len(late)
    world.clock.time += 3600
    assert world.line().state == "works"
