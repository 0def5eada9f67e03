"""The table: whether it is there, and protected."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.cli.check.finding import Finding, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.session import output

PART = "table"


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the table."""
    client = ground.session.client("dynamodb")
    name = output(ground.session, "TableName")
    try:
        table = client.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield wrong(PART, missing(name), way_back(name))
        return
    if table["TableStatus"] not in {"ACTIVE", "UPDATING"}:
        yield wrong(
            PART, f"{name} is {table['TableStatus']}: changes wait on the queue", "wait until it is ACTIVE"
        )
        return
    ground.deployed.routes.survey_state()  # described, and read: a key that is gone lets nobody read
    lacking = list(_lacking(client, name))
    yield from (wrong(PART, text, fix) for text, fix in lacking)
    if not lacking:
        yield ok(PART, f"{name} is there, with point-in-time recovery")


def missing(name: str) -> str:
    """Say of a table that it is missing, and what that means."""
    return (
        f"table {name} does not exist: changes wait on the queue for up to 4 days, and nothing is invalidated"
    )


def way_back(name: str) -> str:
    """Say how a missing table comes back: DynamoDB keeps a backup of a deleted one with point-in-time recovery."""
    return (
        f"aws dynamodb list-backups --table-name {name} --backup-type SYSTEM (kept for 35 days), then: aws dynamodb "
        f"restore-table-from-backup --target-table-name {name} --backup-arn ARN; then: invalidator check"
    )


def _lacking(dynamodb: Any, name: str) -> Iterator[tuple[str, str]]:
    """What protects a table and is off, as after a restore (DynamoDB guide, "Restoring a table")."""
    backups = dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield (
            f"{name} has no point-in-time recovery: pinned routes could not be brought back",
            (
                f"aws dynamodb update-continuous-backups --table-name {name} "
                "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            ),
        )
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        yield (
            f"{name} lets nothing expire: it grows for ever",
            (
                f"aws dynamodb update-time-to-live --table-name {name} "
                "--time-to-live-specification Enabled=true,AttributeName=expires"
            ),
        )
