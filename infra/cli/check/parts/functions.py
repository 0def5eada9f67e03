"""The functions: whether they start, when they ran last, whether they fail, and what calls them."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.check.finding import Finding, Repair, State, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.errors import explain_aws_error
from infra.cli.pause import Step, event_source_mappings, is_off
from infra.cli.printing import instant, many, span
from infra.cli.session import output
from invalidator.aws.table.heartbeat import last_sweep

PART, SOURCES, SCHEDULES = "functions", "event sources", "schedules"
ERROR_MINUTES = 15
# The sweep comes each minute; some seconds early or late.
SWEEP_SECONDS = 180.0
# The worker is handed an empty batch: it does nothing, and says whether it starts.
NOTHING = b'{"Records": []}'


def starts(ground: Ground) -> Iterator[Finding]:
    """Whether the worker starts: it is called with an empty batch."""
    name = output(ground.session, "FunctionName")
    answer: Any = ground.session.client("lambda").invoke(FunctionName=name, Payload=NOTHING)
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        yield wrong(
            PART, f"the worker does not start: {_why(payload)}", "invalidator logs; then: make deploy"
        )
    else:
        yield ok(PART, "the worker starts")


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the functions themselves."""
    yield from starts(ground)
    yield from _sweeps(ground)
    for who, name in ground.functions.items():
        found: Any = ground.session.client("lambda").get_function_configuration(FunctionName=name)
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if state == "Failed" or update == "Failed":
            why = found.get("StateReason") or found.get("LastUpdateStatusReason") or "no reason given"
            yield wrong(PART, f"the {who} cannot run: {why}", "make deploy")
        errors = _errors(ground, name)
        if errors:
            yield wrong(
                PART,
                f"the {who} failed {many(errors, 'time')} in the last {ERROR_MINUTES} min",
                "invalidator logs",
            )


def _sweeps(ground: Ground) -> Iterator[Finding]:
    at = last_sweep(ground.deployed.table)
    if ground.now - at > SWEEP_SECONDS:
        when = f"ran last at {instant(at)}" if at else "has never run"
        yield wrong(
            PART,
            f"the sweep {when}: lost wakes are not made good, and no age is measured",
            "invalidator logs, and the line about schedules",
        )
    else:
        yield ok(PART, f"the sweep ran {span(ground.now - at)} ago")


def sources(ground: Ground) -> Iterator[Finding]:
    """Look at what hands the queues' messages to the worker."""
    mappings = event_source_mappings(ground.session)
    for step in Step:
        mapping = mappings[step]
        if is_off(mapping):
            yield wrong(SOURCES, f"{step} is paused", "invalidator resume", _switch_on(ground, step, mapping))
        elif "ReportBatchItemFailures" not in mapping.get(
            "FunctionResponseTypes", ["ReportBatchItemFailures"]
        ):
            yield wrong(
                SOURCES,
                f"that of {step} does not report single failures: a failed message is lost",
                "make deploy",
            )
        else:
            yield ok(SOURCES, f"{step} is on")


def _switch_on(ground: Ground, step: Step, mapping: Mapping[str, Any]) -> Repair:
    def do() -> None:
        ground.session.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    return Repair([f"event source of {step}: {mapping.get('State')} → Enabled"], do)


def schedules(ground: Ground) -> Iterator[Finding]:
    """Look at what calls the sweep, the survey and the watch."""
    events = ground.session.client("events")
    lambdas = ground.session.client("lambda")
    for who, name in ground.functions.items():
        if who == "worker":
            continue
        arn = lambdas.get_function_configuration(FunctionName=name)["FunctionArn"]
        rules = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        described: list[Any] = [events.describe_rule(Name=each) for each in rules]
        on = [each for each in described if each["State"] == "ENABLED"]
        if on:
            yield ok(SCHEDULES, f"{who}: {on[0].get('ScheduleExpression', 'on')}")
        elif described:
            rule = described[0]["Name"]
            yield wrong(
                SCHEDULES, f"the rule {rule} that calls the {who} is disabled", "invalidator check --repair --yes",
                enable_rule(events, rule),
            )  # fmt: skip
        else:
            yield wrong(SCHEDULES, f"no rule calls the {who} any more", "make deploy")


def enable_rule(events: Any, rule: str) -> Repair:
    """Return the repair of a rule that is disabled."""
    return Repair([f"rule {rule}: DISABLED → ENABLED"], lambda: events.enable_rule(Name=rule))


def _errors(ground: Ground, name: str) -> int:
    end = datetime.fromtimestamp(ground.now, UTC)
    answer: Any = ground.session.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=end - timedelta(minutes=ERROR_MINUTES),
        EndTime=end,
        Period=ERROR_MINUTES * 60,
        Statistics=["Sum"],
    )
    return round(float(sum(point["Sum"] for point in answer["Datapoints"])))


def _why(payload: bytes) -> str:
    try:
        error = json.loads(payload)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return payload.decode(errors="replace")[:200] or "no reason given"


def start_problem(ground: Ground) -> str:
    """Return why the worker does not start, "" where it does; for `status`, in one line."""
    try:
        found = list(starts(ground))
    except (BotoCoreError, ClientError) as error:
        return f"whether the worker starts is not known: {explain_aws_error(error)}"
    return next((each.text for each in found if each.state is State.WRONG), "")
