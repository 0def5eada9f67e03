"""Whether a queue's or a key's policy lets S3, SNS or EventBridge in: read from its text, nothing asked of AWS.

The conditions understood are those that AWS documents for S3 notifications (S3 user guide:
grant-destinations-permissions-to-s3). A statement with any other condition is *unsure*: S3 decides.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

S3 = "s3.amazonaws.com"
SNS = "sns.amazonaws.com"
EVENTBRIDGE = "events.amazonaws.com"


class Verdict(Enum):
    """What a policy says to a service."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Caller:
    """A service, speaking for a bucket, a topic or a rule.

    Attributes:
        account: the account of that.
        source_arn: its ARN.
        service: the service, as policies name it.
    """

    account: str
    source_arn: str
    service: str = S3


def verdict(policy: str | None, action: str, caller: Caller, resource: str | None = None) -> Verdict:
    """Return whether the policy (JSON text, None for no policy) lets the caller do `action`.

    `resource` is the ARN that a statement must name; None for a key's policy, which speaks of its key only.
    """
    if not policy:
        return Verdict.REFUSED
    seen = {
        (statement.get("Effect"), _conditions(statement, caller))
        for statement in _many(json.loads(policy).get("Statement"))
        if _speaks_of(statement, action, caller.service, resource)
    }
    if ("Deny", True) in seen:
        return Verdict.REFUSED
    if ("Allow", True) in seen:
        return Verdict.ALLOWED
    return Verdict.UNSURE if ("Allow", None) in seen else Verdict.REFUSED


def _speaks_of(statement: Mapping[str, Any], action: str, service: str, resource: str | None) -> bool:
    principal = statement.get("Principal")
    named = _many(principal.get("Service")) if isinstance(principal, dict) else []
    anyone = principal == "*" or (isinstance(principal, dict) and "*" in _many(principal.get("AWS")))
    return (
        (anyone or service in named)
        and _matches(action.lower(), (str(each).lower() for each in _many(statement.get("Action"))))
        and (resource is None or _matches(resource, _many(statement.get("Resource"))))
    )


def _conditions(statement: Mapping[str, Any], caller: Caller) -> bool | None:
    """Return whether the statement's conditions hold for the caller; None where that cannot be told."""
    known = {
        "aws:sourceaccount": caller.account,
        "aws:sourcearn": caller.source_arn,
        "aws:securetransport": "true",  # services send over TLS
    }
    results: list[bool | None] = []
    for operator, tests in statement.get("Condition", {}).items():
        for name, values in tests.items():
            value = known.get(name.lower())
            plain = operator.removesuffix("IfExists").lower()
            if value is None or plain not in _OPERATORS:
                results.append(None)
            else:
                results.append(_OPERATORS[plain](value, [str(each) for each in _values(values)]))
    if False in results:
        return False
    return None if None in results else True


def _matches(value: str, patterns: Iterable[str]) -> bool:
    # IAM's patterns know * and ? only; [ is literal there.
    return any(fnmatchcase(value, str(pattern).replace("[", "[[]")) for pattern in patterns)


_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {
    "stringequals": lambda value, values: value in values,
    "stringlike": _matches,
    "arnequals": _matches,
    "arnlike": _matches,
    "bool": lambda value, values: value in [each.lower() for each in values],
}


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _values(value: Any) -> list[Any]:
    return ["true" if each is True else "false" if each is False else each for each in _many(value)]
