"""Buckets that already hold other people's notifications, made at random."""

import copy

from hypothesis import strategies as st

from bucket_subscription.document import foreign_part
from tests.bucket_subscription.fake_bucket_aws import ARNS, OWNER, queue_entry

ELSEWHERE = [
    "s3:ObjectTagging:*",
    "s3:ObjectAcl:Put",
    "s3:ObjectRestore:*",
    "s3:LifecycleTransition",
    "s3:Replication:*",
]
OURS = [
    "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:DeleteMarkerCreated", "s3:LifecycleExpiration:Delete",
]  # fmt: skip
_KINDS = st.lists(st.sampled_from(list(ARNS)), min_size=1, max_size=99)
_EVENTS = st.lists(st.sampled_from(ELSEWHERE), min_size=1, unique=True)
_ALL_EVENTS = st.lists(st.sampled_from(ELSEWHERE + OURS), min_size=1, unique=True).filter(
    lambda events: not ({"s3:ObjectCreated:*", "s3:ObjectRemoved:*"} & set(events) and len(events) > 1)
)
# Ids that look like ours and are not: they must be left alone too.
_LOOKALIKES = st.sampled_from(
    ["team", f"{OWNER.first_id}x", f"x{OWNER.first_id}", "cloudfront-invalidator-other."]
)


@st.composite
def documents(draw, events=_EVENTS):
    """Return 1 to 99 entries of all kinds, each with keys of its own, with EventBridge or without."""
    kinds = draw(_KINDS)
    document = {}
    suffixes = ["", ".jpg", "+x.html", "%C3%BC"]
    for number, kind in enumerate(kinds):
        name = f"{draw(_LOOKALIKES)}-{number}"
        entry = queue_entry(name, draw(events), f"team{number:02}/", draw(st.sampled_from(suffixes)), kind)
        document.setdefault(kind, []).append(entry)
    if draw(st.booleans()):
        document["EventBridgeConfiguration"] = {}
    return document


any_events = documents(_ALL_EVENTS)


def foreign(document):
    """What is not ours, to the letter: a copy, so that a change in place shows."""
    return copy.deepcopy(foreign_part(document, OWNER))
