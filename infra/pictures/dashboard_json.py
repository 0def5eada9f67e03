"""The dashboard as template.yaml describes it, with the default of every parameter."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.template import read_template


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of a graph.

    Attributes:
        namespace: such as AWS/SQS.
        name: the metric's name.
        dimensions: name → value; a resource of the stack stands as its logical id, with its attribute.
        options: what the dashboard says of the line: label, color, stat, yAxis.
        divided_by: what its values are divided by.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    options: dict[str, Any]
    divided_by: float = 1.0


def body() -> dict[str, Any]:
    """Return the dashboard's JSON. Raises KeyError where the template has none."""
    template = read_template()
    defaults = {name: str(each["Default"]) for name, each in template["Parameters"].items()}
    text, names = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    defaults |= {"AWS::Region": "eu-west-1", "AWS::StackName": "cloudfront-invalidator"}
    known = {**defaults, **{name: _decided(value, defaults) for name, value in names.items()}}
    found: dict[str, Any] = json.loads(_filled(text, known))
    return found


def metrics(properties: dict[str, Any]) -> list[Metric]:
    """Return a graph's lines as they are drawn, "." and "..." filled in [CloudWatch, Dashboard body structure].

    Raises LookupError for an expression that is no division of another line.
    """
    found: list[Metric] = []
    hidden: dict[str, Metric] = {}
    before: list[str] = []
    for line in properties["metrics"]:
        *words, last = line
        options = last if isinstance(last, dict) else {}
        words = words if isinstance(last, dict) else line
        if "expression" in options:
            found.append(_divided(options, hidden))
            continue
        if words[0] == "...":
            words = [*before[: len(before) - len(words) + 1], *words[1:]]
        words = [before[place] if word == "." else word for place, word in enumerate(words)]
        before = words
        namespace, name, *dimensions = words
        pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        metric = Metric(namespace, name, pairs, options)
        if options.get("visible", True):
            found.append(metric)
        else:
            hidden[options["id"]] = metric
    return found


def _divided(options: Mapping[str, Any], hidden: Mapping[str, Metric]) -> Metric:
    of, _, by = options["expression"].partition(" / ")
    if of not in hidden or not by.isdigit():
        raise LookupError(f"expression {options['expression']}: teach it to dashboard_json.py")
    source = hidden[of]
    return replace(source, options={**source.options, **options}, divided_by=float(by))


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Put values for the names that are known; any other is a resource, and stands for itself."""
    return re.sub(r"\$\{([^}]+)\}", lambda hit: known.get(hit[1], hit[1]), text)


def _decided(value: Any, defaults: Mapping[str, str]) -> str:
    """Return what a name of the dashboard stands for; of its conditions HasBudget alone holds by default."""
    match value:
        case {"Fn::If": ["HasRememberedBuckets", _, otherwise]}:
            return _decided(otherwise, defaults)
        case {"Fn::If": ["HasBudget", chosen, _]}:
            return _decided(chosen, defaults)
        case {"Ref": name}:
            return defaults[name]
    return str(value)
