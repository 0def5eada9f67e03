"""What people pin: checked as typed, then against its distribution, before it is stored; and written as a line."""

import re

from botocore.exceptions import BotoCoreError

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import visible
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution_config import DistributionError
from invalidator.core.routing.pins import PINNED_ORIGIN, Pin, pinned_distribution
from invalidator.failures import Failure, Permanent


def check_pin(deployed: Deployed, pin: Pin) -> list[str]:
    """Return notes on a pin that is worth storing. Raises CommandError where it is not."""
    notes = []
    if pin.role is not None and pin.role not in deployed.assumable_roles:
        notes.append(
            f"the worker cannot assume {pin.role} yet: name it in the stack's parameter AssumableRoleArns"
        )
    try:
        configured = deployed.discovery.configured(pin.distribution, pin.role)
    except DistributionError as error:
        return [*notes, f"{pin.distribution} cannot be read ({visible(str(error))}): every path of it counts"]
    except Permanent as failure:
        if failure.reason is Reason.ROLE_REFUSED:
            return [
                *notes,
                f"not checked, because you may not assume {pin.role}: every path counts until the worker looks",
            ]
        raise CommandError(f"distribution {pin.distribution} cannot be read: {failure}") from failure
    except Failure as failure:
        cause = failure.__cause__
        why = explain_aws_error(cause) if isinstance(cause, BotoCoreError) else failure
        raise CommandError(f"distribution {pin.distribution} cannot be read: {why}") from failure
    if configured is None:
        where = (
            "in this account; for another account's, give --role-arn"
            if pin.role is None
            else f"for {pin.role}"
        )
        raise CommandError(f"no distribution {pin.distribution} {where}")
    if not configured.enabled:
        notes.append(f"{pin.distribution} is disabled: nothing is invalidated there until it is enabled")
    if pinned_distribution(pin, configured).origins[0].id == PINNED_ORIGIN:
        notes.append(
            f"no origin of {pin.distribution} hides its bucket under OriginPath {visible(pin.origin_path) or '/'}: "
            "every path of it counts, in every query string form"
        )
    return notes


# S3 user guide, bucket naming rules; the oldest buckets may hold capitals and underscores.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]{1,64}")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}")


def checked_pin(bucket: str, distribution: str, origin_path: str, prefix: str, role: str | None) -> Pin:
    """Return the pin, its OriginPath without a slash at the end.

    Raises:
        CommandError: a value is not what it should be; the line names the option.
    """
    if not _BUCKET.fullmatch(bucket):
        raise CommandError(f"BUCKET: {visible(bucket)} is not the name of a bucket")
    if not _DISTRIBUTION.fullmatch(distribution):
        raise CommandError(
            f"--distribution: {visible(distribution)} is not a distribution's id, like E2EXAMPLE"
        )
    path = origin_path.rstrip("/")
    if path and not path.startswith("/"):
        raise CommandError(f"--origin-path: {visible(origin_path)} does not begin with /")
    folder = f"{path.strip('/')}/" if path else ""
    if prefix and not prefix.startswith(folder):
        raise CommandError(
            f"--prefix: {visible(prefix)} is outside --origin-path {visible(path)}; "
            f"a key served there begins with {visible(folder)}"
        )
    if role is not None and not _ROLE.fullmatch(role):
        raise CommandError(
            f"--role-arn: {visible(role)} is not a role's ARN, like arn:aws:iam::123456789012:role/name"
        )
    return Pin(bucket, distribution, path, prefix, role)


def pin_as_text(pin: Pin) -> str:
    """Write a pin as a person reads it, in one line."""
    parts = [f"{visible(pin.bucket)} on {visible(pin.distribution)}"]
    parts += [f"OriginPath {visible(pin.origin_path)}"] if pin.origin_path else []
    parts += [f"prefix {visible(pin.prefix)}"] if pin.prefix else []
    parts += [f"role {visible(pin.role)}"] if pin.role else []
    return ", ".join(parts)
