"""Why a message or a distribution's paths end in the dead-letter queue: every reason, its meaning and the fix.

The README's failure section and `invalidator dlq explain` speak from this table; a test compares them.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A permanent failure's reason, as it stands in the `Reason` attribute of a dead letter.

    `UNFINISHED` also names the dead letters without that attribute: no run of the function finished them, and the
    queue's redrive policy moved them where the worker did not. In letters, `MAPPING_DENIED` is 0.1.0's alone: now
    changes wait for a survey that may list, and what none could tell in time is `UNAVAILABLE`.
    """

    NOT_JSON = "not-json"
    NOT_A_NOTIFICATION = "not-a-notification"
    SUBSCRIPTION_UNCONFIRMED = "subscription-unconfirmed"
    UNSUPPORTED_VERSION = "unsupported-version"
    BAD_RECORD = "bad-record"
    ACCESS_DENIED = "access-denied"
    DISTRIBUTION_GONE = "distribution-gone"
    PATH_REFUSED = "path-refused"
    ROLE_REFUSED = "role-refused"
    MAPPING_DENIED = "mapping-denied"
    UNAVAILABLE = "unavailable"
    UNFINISHED = "unfinished"


MEANING: dict[Reason, str] = {
    Reason.NOT_JSON: "The message is not JSON: something other than S3, SNS or EventBridge wrote it.",
    Reason.NOT_A_NOTIFICATION: "The message is JSON, but not an S3 notification in any form that is read here.",
    Reason.SUBSCRIPTION_UNCONFIRMED: "SNS wants the queue's subscription confirmed, and sends nothing until then.",
    Reason.UNSUPPORTED_VERSION: "The message has a major version that this worker does not read.",
    Reason.BAD_RECORD: "A record or compact message lacks its bucket or its key, or is none of S3's or the worker's.",
    Reason.ACCESS_DENIED: "CloudFront refused the worker's role to invalidate the distribution.",
    Reason.DISTRIBUTION_GONE: (
        "The distribution does not exist: a pin names it, or it was deleted while listing failed."
    ),
    Reason.PATH_REFUSED: "CloudFront refuses this one path; all others of its batch were sent.",
    Reason.ROLE_REFUSED: "The role of a distribution in another account could not be assumed.",
    Reason.MAPPING_DENIED: "The worker's role may not list distributions, so nobody knows who serves the bucket.",
    Reason.UNAVAILABLE: (
        "For GiveUpHours the paths could not be sent: AWS answered with passing errors, CloudFront's quotas or "
        "HardPathLimit kept them waiting, or no survey could tell who serves the bucket."
    ),
    Reason.UNFINISHED: "No run of the function finished the message: it crashed, ran out of time, or was refused.",
}

FIX: dict[Reason, str] = {
    Reason.NOT_JSON: "Stop the writer that the message shows, then purge by this reason.",
    Reason.NOT_A_NOTIFICATION: "Stop the writer that the message shows, then purge by this reason.",
    Reason.SUBSCRIPTION_UNCONFIRMED: (
        "Open the message's SubscribeURL (at amazonaws.com), or subscribe from the queue's account; "
        "then purge by this reason."
    ),
    Reason.UNSUPPORTED_VERSION: "Deploy a newer version of the worker (make deploy), then redrive.",
    Reason.BAD_RECORD: "Invalidate the object by hand if it matters, then purge by this reason.",
    Reason.ACCESS_DENIED: "Allow cloudfront:CreateInvalidation on the distribution in the role, then redrive.",
    Reason.DISTRIBUTION_GONE: "Remove the pin if there is one (invalidator route unpin), then purge by this reason.",
    Reason.PATH_REFUSED: (
        "See the path with: invalidator dlq show ID; invalidate a wildcard above it by hand, "
        "rename the object, then purge."
    ),
    Reason.ROLE_REFUSED: "Name the role in AssumableRoleArns and let it trust the worker's role, then redrive.",
    Reason.MAPPING_DENIED: "Allow cloudfront:ListDistributions and GetDistributionConfig, then redrive.",
    Reason.UNAVAILABLE: "Mend what the letter's detail names, or wait for AWS; then: invalidator dlq redrive --yes",
    Reason.UNFINISHED: "See the function's last errors (invalidator logs), mend what they name, then redrive.",
}
