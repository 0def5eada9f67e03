"""The stack as CloudFormation would make it: translated, conditions decided, references resolved.

References to resources stay symbolic: `Ref` of Thing is "<Thing>", its attribute Arn is "<Thing.Arn>".
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()


def translate(parameter_sets: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the CloudFormation that SAM makes of template.yaml for each set of parameters."""
    run = subprocess.run(
        [ROOT / ".tools/sam/bin/python", Path(__file__).with_name("translate.py")],
        input=json.dumps([str(ROOT / "template.yaml"), list(parameter_sets)]),
        env={**os.environ, "AWS_DEFAULT_REGION": PSEUDO["AWS::Region"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def resolve(translated: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Return the template with resources and outputs as they would be made."""
    return _Resolver(translated, given).template()


class _Resolver:
    def __init__(self, translated: Mapping[str, Any], given: Mapping[str, str]) -> None:
        self._template = translated
        defaults = {name: str(each["Default"]) for name, each in translated["Parameters"].items()}
        self._values = {**PSEUDO, **defaults, **given}

    def template(self) -> dict[str, Any]:
        return {
            **self._template,
            "Resources": self._made("Resources"),
            "Outputs": self._made("Outputs"),
        }

    def _made(self, section: str) -> dict[str, Any]:
        return {
            name: self._value({key: value for key, value in each.items() if key != "Condition"})
            for name, each in self._template[section].items()
            if "Condition" not in each or self._holds(each["Condition"])
        }

    def _holds(self, name: str) -> bool:
        return bool(self._value(self._template["Conditions"][name]))

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [got for each in node if (got := self._value(each)) is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), *_ = node.items()
            # "Condition" is a function in Conditions, and a block in a policy's statement.
            if function == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        return {key: got for key, each in node.items() if (got := self._value(each)) is not NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return NO_VALUE if argument == "AWS::NoValue" else self._values.get(argument, f"<{argument}>")
            case "Fn::GetAtt":
                return f"<{'.'.join(argument) if isinstance(argument, list) else argument}>"
            case "Fn::If":
                return self._value(argument[1] if self._holds(argument[0]) else argument[2])
            case "Fn::Sub":
                text, names = (argument, {}) if isinstance(argument, str) else argument
                names = {**self._values, **{key: self._value(each) for key, each in names.items()}}
                return re.sub(r"\$\{([^}!]+)\}", lambda hit: str(names.get(hit[1], f"<{hit[1]}>")), text)
            case "Fn::Join":
                return argument[0].join(self._value(argument[1]))
            case "Fn::Split":
                return self._value(argument[1]).split(argument[0])
            case "Fn::Equals":
                return str(self._value(argument[0])) == str(self._value(argument[1]))
            case "Fn::Not":
                return not self._value(argument[0])
            case "Fn::Or":
                return any(self._value(each) for each in argument)
        raise AssertionError(f"the template uses {function}: teach it to tests/template/resolved.py")
