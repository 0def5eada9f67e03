"""What every part of the check stands on: the stack, asked once."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.cli.defaults import default_settings
from infra.cli.deployed import Deployed, settings_or_why
from infra.cli.session import Session, output
from invalidator.settings import Settings


@dataclass
class Ground:
    """The stack, as the check looks at it.

    Attributes:
        session: the shared options.
        now: epoch seconds.
    """

    session: Session
    now: float

    @functools.cached_property
    def deployed(self) -> Deployed:
        """The worker, reached with the operator's credentials."""
        return Deployed(self.session)

    @functools.cached_property
    def stack(self) -> Mapping[str, Any]:
        """The stack as CloudFormation describes it. Raises CommandError where there is none."""
        output(self.session, "FunctionName")  # no such stack is said there, in one line
        stacks: Any = self.session.client("cloudformation").describe_stacks(StackName=self.session.stack)[
            "Stacks"
        ]
        found: Mapping[str, Any] = stacks[0]
        return found

    @functools.cached_property
    def parameters(self) -> Mapping[str, str]:
        """The stack's parameters."""
        return {
            each["ParameterKey"]: each.get("ParameterValue", "") for each in self.stack.get("Parameters", [])
        }

    @functools.cached_property
    def settings(self) -> Settings:
        """The worker's settings, the template's defaults where they cannot be read."""
        found = settings_or_why(self.deployed)
        return default_settings() if isinstance(found, str) else found

    @property
    def functions(self) -> Mapping[str, str]:
        """What each function is called by people → its name."""
        outputs = self.session.outputs
        names = {
            "worker": "FunctionName", "sweep": "SweepFunctionName", "survey": "SurveyFunctionName",
            "watch": "WatchFunctionName",
        }  # fmt: skip
        return {who: outputs[name] for who, name in names.items() if name in outputs}

    def list_of(self, parameter: str) -> list[str]:
        """Return a parameter that holds a list with commas between."""
        return [each.strip() for each in self.parameters.get(parameter, "").split(",") if each.strip()]
