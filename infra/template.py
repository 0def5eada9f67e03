"""Reads template.yaml as plain values, each short form (`!Ref name`) in its long one (`{"Ref": name}`)."""

from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template.yaml"


def read_template() -> dict[str, Any]:
    """Return the template: Parameters, Resources and the rest, by name."""
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)  # noqa: S506  builds plain values alone
    return template


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's functions, read by libyaml: a tenth of the time."""


def _function(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(cast("yaml.ScalarNode", node))
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)
