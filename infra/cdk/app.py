"""A CDK app whose stack holds the invalidator and a bucket that tells it what changed.

    python infra/cdk/app.py ARTIFACT_BUCKET

The template and the zips are those of a release (`make package`); the zips lie in the artifact bucket:

    aws s3 sync dist s3://ARTIFACT_BUCKET
"""

import sys
from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_sqs as sqs
from aws_cdk.cloudformation_include import CfnInclude

RELEASE = Path(__file__).parents[2] / "dist"
EVENTS = (s3.EventType.OBJECT_CREATED, s3.EventType.OBJECT_REMOVED, s3.EventType.LIFECYCLE_EXPIRATION)


def site(app: App, release: Path, artifact_bucket: str) -> Stack:
    """Return a stack of the site's bucket with the invalidator beside it."""
    stack = Stack(app, "Site")
    invalidator = CfnInclude(
        stack,
        "Invalidator",
        template_file=str(release / "template.yaml"),
        parameters={"ArtifactBucket": artifact_bucket, "MonthlyPathBudget": 5000},
    )
    changes = invalidator.get_resource("InvalidationQueue").get_att("Arn").to_string()
    queue = sqs.Queue.from_queue_arn(stack, "Changes", changes)
    bucket = s3.Bucket(stack, "Bucket")
    for event in EVENTS:
        bucket.add_event_notification(event, notifications.SqsDestination(queue))
    return stack


if __name__ == "__main__":
    app = App()
    site(app, RELEASE, sys.argv[1])
    app.synth()
