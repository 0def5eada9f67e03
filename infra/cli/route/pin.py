"""Looks at a distribution before it is pinned."""

from botocore.exceptions import BotoCoreError

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.visible import visible
from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Distribution
from invalidator.core.routing.distribution_config import DistributionError
from invalidator.core.routing.origin_hosts import never_a_bucket
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
    _refuse_needless(pin, configured)
    if pin.templates or pin.tags:
        return notes
    if pinned_distribution(pin, configured).origins[0].id == PINNED_ORIGIN:
        notes.append(
            f"no origin of {pin.distribution} hides its bucket under OriginPath {visible(pin.origin_path) or '/'}: "
            "every path of it counts, in every query string form"
        )
    return notes


def _refuse_needless(pin: Pin, configured: Distribution) -> None:
    """Raise CommandError for a pin that would purge nothing."""
    if pin.tags and not configured.cache_tags:
        raise CommandError(
            f"--tag: {pin.distribution} has no CacheTagConfig, so a tag would purge nothing there; "
            "name the header of your tags in the distribution, or use --as"
        )
    made = [
        each for each in configured.origins if each.path == pin.origin_path and never_a_bucket(each.domain)
    ]
    if made and pin.origin_path and not (pin.templates or pin.tags):
        raise CommandError(
            f"--origin-path: {visible(pin.origin_path)} belongs to {visible(made[0].domain)}, which is no bucket: no "
            "key lies there; say how keys appear to viewers: --as '/{key}*'"
        )
