"""The dashboard as template.yaml describes it, with the default of every parameter."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of a graph.

    Attributes:
        namespace: such as AWS/SQS.
        name: the metric's name.
        dimensions: name → value; a resource of the stack stands as its logical id, with its attribute.
        options: what the dashboard says of the line: label, color, stat, yAxis.
    """

    namespace: str
    name: str
    dimensions: dict[str, str]
    options: dict[str, Any]


def body() -> dict[str, Any]:
    """Return the dashboard's JSON. Raises KeyError where the template has none."""
    template = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)  # noqa: S506  builds plain values alone
    defaults = {name: str(each["Default"]) for name, each in template["Parameters"].items()}
    text, names = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    defaults |= {"AWS::Region": "eu-west-1", "AWS::StackName": "cloudfront-invalidator"}
    known = {**defaults, **{name: _filled(value, defaults) for name, value in names.items()}}
    found: dict[str, Any] = json.loads(_filled(text, known))
    return found


def metrics(properties: dict[str, Any]) -> list[Metric]:
    """Return a graph's lines, "." and "..." filled in from the line before [CloudWatch, Dashboard body structure]."""
    found: list[Metric] = []
    before: list[str] = []
    for line in properties["metrics"]:
        *words, last = line
        options = last if isinstance(last, dict) else {}
        words = words if isinstance(last, dict) else line
        if words[0] == "...":
            words = [*before[: len(before) - len(words) + 1], *words[1:]]
        words = [before[place] if word == "." else word for place, word in enumerate(words)]
        before = words
        namespace, name, *dimensions = words
        pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        found.append(Metric(namespace, name, pairs, options))
    return found


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Put values for the names that are known; any other is a resource, and stands for itself."""
    return re.sub(r"\$\{([^}]+)\}", lambda hit: known.get(hit[1], hit[1]), text)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML: a function stands as what it is called with."""


def _function(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        # `body` fills in the parameter's default.
        return f"${{{node.value}}}" if tag == "Ref" else node.value
    if isinstance(node, yaml.SequenceNode):
        values = loader.construct_sequence(node, deep=True)
        # The dashboard's only condition is HasBudget, which holds by default.
        return values[1] if tag == "If" and values[0] == "HasBudget" else values
    raise TypeError(f"!{tag} on a mapping: teach it to infra/pictures/dashboard_json.py")


_Loader.add_multi_constructor("!", _function)
