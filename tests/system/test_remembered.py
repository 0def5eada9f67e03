"""A site is uploaded again as it was, but for one page and one new asset: only that page is paid for."""

import time

import pytest

from tests.system import site
from tests.system.conftest import REMEMBERED
from tests.system.stack import PATIENCE_SECONDS, all_fresh, at_rest, invalidator, letters, paths_sent, until

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]

PAGES = [f"docs/page-{number}.html" for number in range(12)]
EDITED, ASSET = PAGES[7], "assets/app.1f2e3d4c.js"


def test_what_is_uploaded_again_as_it_was_needs_nothing(stack):
    s3, distribution = stack.aws.client("s3"), site.make_distribution(stack.aws, REMEMBERED)
    invalidator(stack.aws, "route", "refresh")
    # Of a bucket whose memory is complete already these are new, and need nothing; of another they are changes.
    site.upload(s3, REMEMBERED, PAGES)
    # What was written in the very second in which S3 is asked is not remembered: whole seconds tell no order.
    time.sleep(2)

    def memory():
        return invalidator(stack.aws, "bucket", "remember", REMEMBERED)

    # All of it anew, as of a bucket that held its objects before it was remembered.
    invalidator(stack.aws, "bucket", "remember", REMEMBERED, "--forget")
    until(
        lambda: memory()["state"] == "complete" and memory()["objects"] >= len(PAGES),
        PATIENCE_SECONDS,
        "the first round is complete",
        or_tell=memory,
    )
    at_rest(stack.aws, stack.outputs)
    before, judged = len(paths_sent(stack.aws, distribution)), memory()

    changes = site.upload(s3, REMEMBERED, [key for key in PAGES if key != EDITED])
    edited = site.put(s3, REMEMBERED, EDITED, b"edited")
    site.upload(s3, REMEMBERED, [ASSET])
    all_fresh(stack.aws, [edited], {distribution: ""})

    def counted():
        now = memory()
        return [now[each] - judged[each] for each in ("unchanged", "new", "changed")]

    until(
        lambda: counted() == [len(changes), 1, 1],
        PATIENCE_SECONDS,
        "all that was uploaded is judged",
        or_tell=counted,
    )
    at_rest(stack.aws, stack.outputs)
    assert paths_sent(stack.aws, distribution)[before:] == [f"/{EDITED}"]
    explained = invalidator(stack.aws, "explain", f"s3://{REMEMBERED}/{PAGES[0]}")["remembered"]
    assert "same bytes and headers as on" in explained
    assert letters(stack.aws, stack.outputs["DeadLetterQueueUrl"]) == []
