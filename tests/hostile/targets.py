"""Everything that reads bytes from outside, each behind one function of bytes that must not raise.

`make test` runs them on Hypothesis' and the corpus's inputs for a few seconds, `make soak` under a coverage-guided
fuzzer. A target allows only the errors that its reader documents, and checks what must hold of the answer.
"""

import json
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bucket_subscription.errors import SubscriptionError
from bucket_subscription.handler import respond
from bucket_subscription.names import read_queue_arn
from infra.cli.dlq.letters import read_letter
from infra.cli.dlq.list import _pretty
from infra.cli.errors import CommandError
from infra.cli.files.input_files import read_distributions, read_keys, read_policies
from infra.cli.logs import readable
from infra.cli.printing import harmless, visible
from invalidator.aws.table.accounts import calls_key, read_account
from invalidator.aws.table.logs import read_entry
from invalidator.aws.table.pins import read_pin
from invalidator.aws.table.routes import read_routes, read_survey
from invalidator.aws.table.sent_items import read_sent
from invalidator.aws.table.targets import read_state
from invalidator.core.coalescing.coalescing import coalesce
from invalidator.core.limits.allowance import Allowance
from invalidator.core.messages.backlog import bodies
from invalidator.core.messages.change import LONGEST_KEY
from invalidator.core.messages.message_content import MOST_DETAIL
from invalidator.core.messages.reading import read_body
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.documents.distribution_config import (
    DistributionError,
    read_cache_policy,
    read_distribution,
)
from invalidator.core.routing.documents.listed import read_listed
from invalidator.core.routing.documents.origin_hosts import bucket_of
from invalidator.core.routing.paths.patterns import compile_pattern
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from invalidator.failures import UnreadableEntry, UnreadablePin, UnreadableRoutes
from tests.notifications import SENT

SITE = Distribution(
    "E1",
    (Origin("o", "site.s3.amazonaws.com", "site"),),
    (Behavior("*.css", ("o",), query_strings=True), Behavior("*", ("o",))),
    root_object="index.html",
)
ROUTER = Router(SITE, "site", RoutingSettings(("index.html",)))
URL = "https://cloudformation.test/answer?X-Amz-Signature=secret"
LONGEST_ANSWER = 4096


def message_body(data: bytes) -> None:
    """The text of a queue message, by any road."""
    reading = read_body(data.decode("utf-8", "replace"), SENT)
    assert len(reading.problem.detail if reading.problem else "") <= MOST_DETAIL
    for change in reading.changes:
        assert change.bucket
        assert 0 < len(change.key) <= LONGEST_KEY
        assert 0 <= change.at <= SENT
        paths = ROUTER.paths(change.key)
        assert paths
        assert all(path.isascii() and path.isprintable() and " " not in path for path in paths)
    if reading.backlog is not None:
        for body in bodies(reading.backlog):
            again = read_body(body, SENT)
            assert again.problem is None
            assert again.backlog is not None


def keys(data: bytes) -> None:
    """Object keys on their way to CloudFront, and no more paths or wildcards than allowed at the end."""
    found = [line.decode("utf-8", "surrogateescape") for line in data.split(b"\n") if line]
    paths = [path for key in found for path in ROUTER.paths(key)]
    if not paths:
        return
    sent = coalesce(paths, Allowance(3, 2))
    assert len(sent.paths) <= 3
    assert len(sent.wildcards) <= 2
    for path in paths:
        prefix = path.removesuffix("*")
        assert path in sent.paths or any(prefix.startswith(each[:-1]) for each in sent.wildcards)


def distribution(data: bytes) -> None:
    """What CloudFront says of a distribution or a cache policy."""
    document = _document(data)
    try:
        routing = read_distribution(document, {})
    except DistributionError as error:
        _one_line(error)
    else:
        for origin in routing.origins:
            if origin.bucket:
                Router(routing, origin.bucket, RoutingSettings(("index.html",))).paths("dir/index.html")
    try:
        read_cache_policy(document)
    except DistributionError as error:
        _one_line(error)
    if isinstance(document, dict):
        read_listed(document, {})


def table_item(data: bytes) -> None:
    """Items of the table: the bytes are packed well, or are the packed value themselves."""
    text = data.decode("utf-8", "replace")
    number: dict[str, Any] = {"N": text}
    for packed in (data, zlib.compress(data)):
        value, version = {"B": packed}, {"N": "1"}
        with suppress(UnreadableRoutes):
            read_routes({"sk": {"S": "E1"}, "v": version, "routes": value, "seen": value})
        with suppress(UnreadableEntry):
            read_entry("bucket:site", {"sk": {"S": "n#1"}, "v": version, "packed": value, "written": number})
        read_state({"pk": {"S": "TARGET#E1"}, "sk": {"S": "STATE"}, "v": version, "state": value}, 0.0)
        read_survey({"pk": {"S": "SURVEY"}, "sk": {"S": "STATE"}, "started": number, "unserved": value})
        read_sent("E1", {"sk": {"S": text}, "paths": value, "answered": value, "completed": {"BOOL": True}})
    with suppress(UnreadablePin):
        pin = read_pin({"sk": {"S": text}, "pin": {"S": text}})
        assert all(
            isinstance(each, str) for each in (pin.bucket, pin.distribution, pin.origin_path, pin.prefix)
        )
    calls = {"gap": number, "learned": number, "last_call": number, "dealt": number}
    read_account({"paths_sent": number}, {**calls_key("111122223333"), **calls}, SENT)


def pattern_and_host(data: bytes) -> None:
    """A cache behavior's path pattern against a path, and an origin's host name."""
    pattern, _, path = data.decode("utf-8", "replace").partition("\n")
    matches = compile_pattern(pattern)
    assert compile_pattern("*")("/" + path)
    matches("/" + path)
    bucket_of(pattern)


def stack_event(data: bytes) -> None:
    """CloudFormation's event: whatever is in it, one answer, that fits, and no word of the URL's signature."""
    document = _document(data)
    event = {**document, "ResponseURL": URL} if isinstance(document, dict) else {"ResponseURL": URL}
    answers: list[bytes] = []
    respond(event, _Minute(), lambda _, body: answers.append(body), _nowhere)
    (answer,) = answers
    told = json.loads(answer)
    assert told["Status"] in {"SUCCESS", "FAILED"}
    assert "X-Amz-Signature" not in told["Reason"]
    assert len(json.dumps(told["Reason"])) <= LONGEST_ANSWER // 2
    try:
        read_queue_arn(data.decode("utf-8", "replace"))
    except SubscriptionError:
        return


def typed_files(data: bytes) -> None:
    """Files that people give to `plan`: keys, distributions, cache policies."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        for read in (
            lambda: read_keys(file.name),
            lambda: read_distributions([file.name], {}),
            lambda: read_policies([file.name]),
        ):
            try:
                read()
            except CommandError as error:
                _one_line(error)


def dead_letter(data: bytes) -> None:
    """A dead letter and a log line, as the desk shows them: nothing reaches the terminal that drives it."""
    text = data.decode("utf-8", "replace")
    letter = read_letter(
        {"MessageId": "m", "Body": text, "MessageAttributes": {"Reason": {"StringValue": text}}}
    )
    for shown in (_pretty(letter.body), visible(letter.reason), harmless(text), readable(0, text)):
        assert all(each.isprintable() or each == "\n" for each in shown)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        message_body, keys, distribution, table_item, pattern_and_host, stack_event, typed_files, dead_letter,
    )
}  # fmt: skip


class _Minute:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _nowhere(*_: object) -> Any:
    raise SubscriptionError("no AWS here")


def _one_line(error: Exception) -> None:
    text = str(error)
    # A distribution's error is made visible where it is printed; a line end would forge a line before that.
    assert "\n" not in text
    assert isinstance(error, DistributionError) or text.isprintable()


def _document(data: bytes) -> object:
    try:
        document: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document
