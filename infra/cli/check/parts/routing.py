"""The routes: how old they are, and pins that lead nowhere."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from infra.cli.check.finding import Finding, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.printing import many, span, visible
from invalidator.core.reasons import Reason
from invalidator.core.routing.pins import Pin
from invalidator.failures import Failure, Permanent

PART, PINS = "routes", "pins"
# Surveys come every SurveyMinutes, and the schedule looks each minute.
LATE = 3


def look(ground: Ground) -> Iterator[Finding]:
    """Look how old the routes are, and whether all of them could be read."""
    state = ground.deployed.routes.survey_state()
    if not state.completed:
        yield wrong(PART, "no survey of the distributions has completed yet", "invalidator route refresh")
        return
    age = ground.now - state.completed
    most = max(LATE * ground.settings.survey_minutes * 60.0, 900.0)
    if age > most:
        yield wrong(
            PART,
            f"the last complete survey is {span(age)} old",
            "invalidator route refresh; if it fails: invalidator logs",
        )
        return
    found = list(ground.deployed.routes.all_routes())
    for routes, seen in found:
        if seen.doubt:
            yield wrong(PART, f"{routes.target} could not be read: {seen.doubt}", "invalidator route list")
    yield ok(PART, f"{many(len(found), 'distribution')}, surveyed {span(age)} ago")


def pins(ground: Ground) -> Iterator[Finding]:
    """Look for pins that lead nowhere: a distribution or a bucket that is gone."""
    found = ground.deployed.pins.pins()
    good = 0
    for pin in found:
        problem = _problem(ground, pin)
        if problem is None:
            good += 1
        else:
            yield problem
    if good or not found:
        yield ok(PINS, f"{many(good, 'pin')} in use" if found else "none")


def _problem(ground: Ground, pin: Pin) -> Finding | None:
    fix = f"invalidator route unpin {visible(pin.bucket)} --distribution {visible(pin.distribution)}"
    named = f"the pin of {visible(pin.bucket)} on {visible(pin.distribution)}"
    try:
        ground.deployed.distributions.configuration(pin.distribution, pin.role)
    except Permanent as failure:
        if failure.reason is Reason.DISTRIBUTION_GONE:
            return wrong(PINS, f"{named} leads nowhere: there is no such distribution", fix)
        return Finding(PINS, State.UNKNOWN, f"{named} cannot be checked: {failure}")
    except Failure as failure:
        return Finding(PINS, State.UNKNOWN, f"{named} cannot be checked: {failure}")
    try:
        ground.session.client("s3").head_bucket(Bucket=pin.bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            return wrong(PINS, f"{named} leads nowhere: there is no such bucket", fix)
    return None
