"""What the worker would allow an invalidation now, told from its settings and its memory."""

import time

from infra.cli.deployed import Deployed, one_line
from invalidator.batch.worker import OWN_ACCOUNT
from invalidator.core.limits.allowance import Allowance
from invalidator.core.limits.budget import within_budget
from invalidator.core.limits.pace import unhurried, within_pace
from invalidator.core.limits.room import LONGEST_SECONDS, in_progress, room, within_room
from invalidator.core.routing.distribution import Distribution


def allowance_now(deployed: Deployed, distribution: Distribution, changed: int) -> Allowance:
    """Return what the worker would allow one invalidation of the distribution now.

    The operator's limits, shrunk by the month's budget, by the pace that was learned, and by what is still in
    progress: as `invalidator.batch.sending` does.

    Args:
        deployed: the worker.
        distribution: the distribution.
        changed: how many viewer paths changed.

    Raises:
        CommandError: the table or the function's settings cannot be read.
    """
    now = time.time()
    settings = deployed.settings
    with one_line():
        account = deployed.memory.recall((), distribution.role or OWN_ACCOUNT, now)[1]
        sent = deployed.memory.sent_since(distribution.id, now - LONGEST_SECONDS)
    ceiling = Allowance(settings.max_paths, min(settings.max_paths, settings.max_wildcards))
    allowance = within_budget(ceiling, settings.monthly_path_budget, account.spending, now, changed)
    allowance = within_pace(allowance, account.pace or unhurried(ceiling))
    return within_room(allowance, room(in_progress(sent, now)))
