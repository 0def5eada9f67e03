"""Others chain on what the stack tells: a rule on the bus, and a queue behind it."""

import json
import re
from pathlib import Path

import pytest

from tests.system import site
from tests.system.conftest import DIRECT
from tests.system.stack import invalidator, listening, until

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.xdist_group("system"),
    pytest.mark.soak("minutes of a busy machine"),
]


def test_an_upload_is_told_as_created_and_then_as_completed(stack):
    distribution = site.make_distribution(stack.aws, DIRECT, "/told")
    invalidator(stack.aws, "route", "refresh")
    with listening(stack, "Invalidation Created", "Invalidation Completed") as heard:
        site.put(stack.aws.client("s3"), DIRECT, "told/a.html")

        def mine(kind):
            return [
                each["detail"]
                for each in heard()
                if each["detail-type"] == kind and each["detail"]["distribution"] == distribution
            ]

        created = until(lambda: mine("Invalidation Created"), 30, "it is told as created", or_tell=heard)
        assert created[0]["paths"] == ["/a.html"]
        assert (created[0]["version"], created[0]["stack"]) == (1, "cloudfront-invalidator")
        completed = until(
            lambda: mine("Invalidation Completed"), 90, "it is told as completed", or_tell=heard
        )
        assert completed[0]["invalidation"] == created[0]["invalidation"]


def test_the_rule_that_how_it_works_shows_takes_what_it_says(stack):
    text = (Path(__file__).parents[2] / "infra/how-it-works.md").read_text("utf-8")
    (shown,) = re.findall(r"put-rule --name when-fresh --event-pattern '([^']*)'", text)
    pattern = json.loads(shown)
    distribution = site.make_distribution(stack.aws, DIRECT, "/chained")
    pattern["detail"]["distribution"] = [distribution]
    invalidator(stack.aws, "route", "refresh")
    with listening(stack, rule="when-fresh", pattern=pattern) as heard:
        site.put(stack.aws.client("s3"), DIRECT, "chained/a.html")
        told = until(heard, 90, "it is told as completed")
    assert [(each["detail-type"], each["detail"]["distribution"]) for each in told][:1] == [
        ("Invalidation Completed", distribution)
    ]


def test_a_dead_letter_is_told_with_its_reason(stack):
    with listening(stack, "Change Given Up", rule="letters") as heard:
        stack.aws.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody="not JSON")
        (told,) = until(heard, 30, "it is told")
        assert (told["detail"]["reason"], told["detail"]["distribution"]) == ("not-json", None)
    stack.aws.client("sqs").purge_queue(QueueUrl=stack.outputs["DeadLetterQueueUrl"])
