"""The stack, for the sets of parameters that decide every condition both ways."""

import pytest

from tests.template.resolved import resolve, translate

KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:uploads"
ALARMS = "arn:aws:sns:eu-west-1:111122223333:pager"
BUS = "arn:aws:events:eu-west-1:444455556666:event-bus/ops"
BOUNDARY = "arn:aws:iam::111122223333:policy/boundaries/developer"
SETS = {
    "defaults": {},
    "everything": {
        "Buckets": "site,other.site",
        "BucketFilters": "site=public/*.html",
        "PermissionsBoundaryArn": BOUNDARY,
        "RolePath": "/apps/cdn/",
        "EventBridgeBuckets": "logs,media",
        "TopicArns": TOPIC,
        "ListableBuckets": "site",
        "RememberedBuckets": "site,other.site",
        "IgnoredKeys": "site=logs/*",
        "ImmutableKeys": "site=assets/*,other.site=*.woff2",
        "AssumableRoleArns": "arn:aws:iam::444455556666:role/a,arn:aws:iam::444455556666:role/b",
        "AlarmEmail": "me@example.com",
        "AlarmTopicArn": ALARMS,
        "EventBus": "default",
        "KmsKeyArn": KEY,
        "HardPathLimit": "5000",
        "ShowDashboard": "yes",
        "Tracing": "yes",
    },
    "no budget": {"MonthlyPathBudget": "0", "Buckets": "site", "ShowDashboard": "yes", "EventBus": BUS},
    "least attempts": {"MaxReceiveCount": "5", "GatherSeconds": "0", "QuietSeconds": "0"},
    "acl": {"Buckets": "site", "EventBridgeBuckets": "media", "AclChanges": "yes"},
    "eventbridge alone": {"EventBridgeBuckets": "media"},
    "repairs all": {"Buckets": "site", "RepairSubscriptions": "all", "CoverGaps": "no"},
    "repairs none": {"Buckets": "site", "RepairSubscriptions": "no"},
}


@pytest.fixture(scope="session")
def stacks():
    """The resolved template by the name of its set."""
    translated = translate(list(SETS.values()))
    return {name: resolve(each, SETS[name]) for each, name in zip(translated, SETS, strict=True)}


@pytest.fixture(scope="session")
def upgraded():
    """The stack as parameters of version 0.1.0 alone make it."""
    given = {"Buckets": "site", "EventBridgeBuckets": "media", "AlarmEmail": "me@example.com"}
    (translated,) = translate([given])
    return resolve(translated, given)
