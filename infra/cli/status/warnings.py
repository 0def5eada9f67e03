"""What `invalidator status` warns of: parts of the check that say in a line why nothing comes, or nothing is sent."""

import time

from infra.cli.check.finding import Finding, Part, State, found_by
from infra.cli.check.ground import Ground
from infra.cli.check.parts import functions, subscriptions, table
from infra.cli.session import Session

PARTS: tuple[tuple[str, Part], ...] = (
    (table.PART, table.look),
    (functions.PART, functions.starts),
    (subscriptions.PART, subscriptions.any_connected),
)


def warnings(session: Session) -> list[Finding]:
    """Return what is wrong, or could not be looked at. Raises CommandError where there is no stack."""
    ground = Ground(session, time.time())
    found = [finding for name, part in PARTS for finding in found_by(part, name, ground)]
    return [each for each in found if each.state is not State.OK]
