"""Lambda as the command line asks it; moto's needs packages that the project does not have."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any


class FakeLambda:
    """The stack's functions.

    An event source mapping takes a while to switch, as Lambda's does: "Disabling", then "Disabled".

    Attributes:
        configuration: of the worker.
        mappings: the worker's event source mappings, by the step that each is a switch of.
        updates: (step, whether it was switched on), as asked for.
        survey: what the survey's function does.
        broken: why the worker does not start, "" where it does.
    """

    def __init__(
        self, variables: Mapping[str, str], queue: str, survey: Callable[[], dict[str, Any]]
    ) -> None:
        self.configuration = {
            "Environment": {"Variables": dict(variables)},
            "LoggingConfig": {"LogGroup": "/logs"},
        }
        arns = {"intake": queue, "sender": f"{queue}-wakes"}
        self.mappings = {
            step: {"UUID": step, "State": "Enabled", "EventSourceArn": arn} for step, arn in arns.items()
        }
        self.updates: list[tuple[str, bool]] = []
        self.survey = survey
        self.broken = ""

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        assert FunctionName in {"invalidator", "sweep", "survey"}
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{FunctionName}"
        return {**self.configuration, "FunctionArn": arn}

    def list_event_source_mappings(self, FunctionName: str) -> dict[str, Any]:
        assert FunctionName == "invalidator"
        return {"EventSourceMappings": list(self.mappings.values())}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:  # noqa: FBT001  boto3's names for it
        self.updates.append((UUID, Enabled))
        self.mappings[UUID]["State"] = "Enabling" if Enabled else "Disabling"

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        if FunctionName == "invalidator":
            assert Payload == b'{"Records": []}'
            failed = {"errorType": "Runtime.ImportModuleError", "errorMessage": self.broken}
            answer = json.dumps(failed if self.broken else {"batchItemFailures": []}).encode()
            return {"Payload": io.BytesIO(answer), **({"FunctionError": "Unhandled"} if self.broken else {})}
        assert (FunctionName, Payload) == ("survey", b"{}")
        try:
            surveyed: Any = self.survey()
        except RuntimeError as error:  # as Lambda answers what a function raises
            failed = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failed).encode())}
        return {"Payload": io.BytesIO(json.dumps(surveyed).encode())}
