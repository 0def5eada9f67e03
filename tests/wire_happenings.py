"""What AWS can do to a call, on the wire: every error of a service's own model, and what any service can do."""

import json
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

MODELS = botocore.session.get_session()

# An answer on the wire: status, headers, body.
Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Happening:
    """What happens to a call.

    Attributes:
        answer: what the SDK sees instead of the service's answer: a response, or an exception; None: that very answer.
        after: whether the service does what was asked.
        slow: whether it takes nearly as long as the SDK waits.
    """

    answer: Response | Exception | None
    after: bool = False
    slow: bool = False


def error_response(protocol: str, status: int, code: str, message: str = "said AWS") -> Response:
    """An error as it stands on the wire: status, headers, body."""
    if protocol in {"rest-xml", "query"}:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>r-1</RequestId></ErrorResponse>"
        )
        return status, {"content-type": "text/xml"}, body.encode()
    kind = json.dumps({"__type": f"com.amazonaws.service#{code}", "message": message})
    return status, {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r-1"}, kind.encode()


SLOW = "an answer that is slow"


def happenings(service: str, operation: str) -> dict[str, Happening]:
    """Everything that a call can meet, by name."""
    model = MODELS.get_service_model(service)
    protocol = str(model.metadata["protocol"])
    found = {}
    shapes: list[Any] = model.operation_model(
        operation
    ).error_shapes  # what the stubs call Shape lacks error_code
    for shape in shapes:
        status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
        found[shape.error_code] = Happening(error_response(protocol, status, shape.error_code))
    return found | anywhere(service) | _cut_off(protocol)


def anywhere(service: str) -> dict[str, Happening]:
    """What any service can do, beside its modelled errors."""
    protocol = str(MODELS.get_service_model(service).metadata["protocol"])
    url = "https://service"
    denied = "AccessDeniedException" if protocol == "json" else "AccessDenied"
    return {
        "500 InternalError": Happening(error_response(protocol, 500, "InternalError")),
        "503 ServiceUnavailable": Happening(error_response(protocol, 503, "ServiceUnavailable")),
        "502 in HTML": Happening((502, {"content-type": "text/html"}, b"<html>bad gateway")),
        "504 without a body": Happening((504, {}, b"")),
        "400 Throttling": Happening(error_response(protocol, 400, "Throttling", "Rate exceeded")),
        "400 ThrottlingException": Happening(error_response(protocol, 400, "ThrottlingException")),
        "403 AccessDenied": Happening(error_response(protocol, 403, denied)),
        "403 ExpiredToken": Happening(error_response(protocol, 403, "ExpiredTokenException")),
        "400 unknown to everyone": Happening(error_response(protocol, 400, "BrandNewException")),
        "no connection": Happening(EndpointConnectionError(endpoint_url=url)),
        "connection timeout": Happening(ConnectTimeoutError(endpoint_url=url)),
        "connection reset": Happening(ConnectionClosedError(endpoint_url=url)),
        "connection reset after the effect": Happening(ConnectionClosedError(endpoint_url=url), after=True),
        "timeout before the effect": Happening(ReadTimeoutError(endpoint_url=url)),
        "timeout after the effect": Happening(ReadTimeoutError(endpoint_url=url), after=True),
        "500 after the effect": Happening(error_response(protocol, 500, "InternalError"), after=True),
        "503 that is slow": Happening(error_response(protocol, 503, "ServiceUnavailable"), slow=True),
        SLOW: Happening(None, after=True, slow=True),
    }


def _cut_off(protocol: str) -> dict[str, Happening]:
    if protocol != "rest-xml":
        return {}
    cut: Response = (200, {"content-type": "text/xml"}, b"<Invalidation><Id>")
    return {"an answer that is cut off": Happening(cut, after=True)}
