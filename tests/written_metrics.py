"""The metrics that a run of a function writes, read from what it prints, as CloudWatch reads them."""

import json
from collections.abc import Iterable

from invalidator.metric import Metric


def written_metrics(lines: Iterable[str]) -> dict[str, list[float]]:
    """Return the values of each metric in these lines of standard output [embedded metric format]."""
    found: dict[str, list[float]] = {}
    for line in lines:
        document = json.loads(line) if line.startswith("{") else {}
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                found.setdefault(metric["Name"], []).extend(value if isinstance(value, list) else [value])
    return found


def written_while_wrong(lines: Iterable[str]) -> set[str]:
    """Return those metrics of a run that a stack in which all is well has to leave unwritten: it pays for each."""
    return {each.value for each in Metric if each.only_while_wrong} & written_metrics(lines).keys()
