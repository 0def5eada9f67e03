"""The forms in which people keep a distribution, and the one in which routing reads it.

The AWS CLI prints a distribution with its id, its configuration alone, or a list of summaries; as JSON or YAML; and
people keep it compressed. What describes a distribution in another language (CloudFormation, Terraform) is named.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

WANTED = "give what this prints: aws cloudfront get-distribution --id ID"
_GZIP = b"\x1f\x8b"
_CONFIGURATION = "DistributionConfig"
_BLANKS = re.compile(r"\s*")
# What is written in other languages, by a name that only stands there.
_OTHERS = {
    "a Terraform file": (b"aws_cloudfront_distribution", b"terraform_version"),
    "a CloudFormation document": (
        b"AWS::CloudFront::Distribution",
        b"AWSTemplateFormatVersion",
        b'"StackId"',
    ),
}


class DocumentError(ValueError):
    """A file holds no distribution; the text is one line that says what it holds, and what is wanted."""


def parsed(content: bytes) -> object:
    """Return the document in a file: JSON or YAML, compressed or not; of several one after the other, a list.

    Raises:
        DocumentError: it is neither.
    """
    text = _unpacked(content)
    try:
        return json.loads(text)
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        found = _series(text) if text.lstrip()[:1] in {b"{", b"["} else _yaml(text)
        if isinstance(found, Mapping | list):
            return found
        raise DocumentError(
            f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}{_other(text)}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise DocumentError(f"not JSON that can be read: {error}") from error


def documents(document: object, content: bytes) -> Iterator[tuple[str, object]]:
    """Yield where in it each distribution stands, and its document; "" is the whole of it.

    Args:
        document: what `parsed` returned.
        content: the file, to tell what it is where it holds none.

    Raises:
        DocumentError: there is none.
    """
    if isinstance(document, Mapping):
        # What create-distribution-with-tags takes.
        document = document.get("DistributionConfigWithTags", document)
    listed = document.get("DistributionList") if isinstance(document, Mapping) else None
    if isinstance(listed, Mapping):
        document, where = listed.get("Items") or [], "DistributionList.Items"
        if not document:
            raise DocumentError("DistributionList: no distribution is in it")
    else:
        where = "Items"
    if isinstance(document, list) and document:
        for at, each in enumerate(document):
            inner = documents(each, content) if _is_list(each) else [("", each)]
            yield from ((f"{where}.{at}{name and '.'}{name}", one) for name, one in inner)
    elif not (
        isinstance(document, Mapping) and {"Distribution", _CONFIGURATION, "Origins"} & document.keys()
    ):
        raise DocumentError(f"not a distribution: Origins: field required{_other(_unpacked(content))}")
    else:
        yield "", document


def policy_documents(document: object) -> list[object]:
    """Return the cache policies in a document: of list-cache-policies, or the one that it is."""
    listed = document.get("CachePolicyList") if isinstance(document, Mapping) else None
    items = listed.get("Items") if isinstance(listed, Mapping) else document
    return items if isinstance(items, list) else [document]


def is_cut(document: object) -> bool:
    """Whether it is a list, or holds one, that goes on on another page."""
    if isinstance(document, list):
        return any(map(is_cut, document))
    if not _is_list(document) or not isinstance(document, Mapping):
        return False
    return bool(document.get("NextToken") or document["DistributionList"].get("IsTruncated"))


def lacks_id(document: object) -> bool:
    """Whether it is a distribution's configuration alone, as get-distribution-config prints it."""
    inner = document.get("Distribution", document) if isinstance(document, Mapping) else document
    return (
        isinstance(inner, Mapping)
        and not isinstance(inner.get("Id"), str)
        and (_CONFIGURATION in inner or "Origins" in inner)
    )


def with_id(document: Any, identifier: str) -> dict[str, object]:
    """Return a document that `lacks_id` with one, in the form of get-distribution."""
    inner = document.get("Distribution", document)
    return {"Id": identifier, _CONFIGURATION: inner.get(_CONFIGURATION, inner)}


def _is_list(document: object) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("DistributionList"), Mapping)


def _series(text: bytes) -> list[object] | None:
    """The documents of a file that holds several one after the other, as a loop writes them; None where it does not."""
    found: list[object] = []
    end = 0
    try:
        whole = text.decode(json.detect_encoding(text)).strip()
        while end < len(whole):
            each, end = json.JSONDecoder().raw_decode(whole, _BLANKS.match(whole, end).end())  # type: ignore[union-attr]
            found.append(each)
    except (ValueError, RecursionError):
        return None
    return found


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DocumentError(f"not a whole gzip file: {error}") from error


def _yaml(text: bytes) -> object:
    """The document, None where it is no YAML."""
    import yaml

    class Plain(yaml.SafeLoader):
        """Without aliases: a few lines of them stand for more than fits into memory."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("an alias")
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Plain)  # noqa: S506  a safe loader's child
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _other(text: bytes) -> str:
    """The end of a line on what is no distribution: what it is, where that shows, and what is wanted."""
    found = next((name for name, marks in _OTHERS.items() if any(mark in text for mark in marks)), None)
    return f"; {WANTED}" if found is None else f"; it is {found}: deploy it, then {WANTED}"
