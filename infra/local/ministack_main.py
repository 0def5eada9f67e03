"""Runs MiniStack under its own interpreter, for `infra.local.ministack`; imports nothing of this project.

Six things differ from MiniStack's own entry point. Requests count as made over TLS, or policies that ask for it would
refuse everything on this machine's plain HTTP. Where IAM is enforced, log groups and cache policies have the ARNs that
AWS gives them, SQS's batch calls are allowed by the permission for one message, a batch of PartiQL's statements by that
for what they do to their table, and what changes an event source mapping or moves messages asks for its own (Service
Authorization Reference). Messages are put in a queue and taken from it one at a time, or some would be lost. A
function's code is unpacked once, not for each of its processes: that takes a second of what a cold start takes here. It
listens on a socket that the starter bound, whose file descriptor is the one argument. And it ends with the one who
started it: standard input is a pipe that the starter holds open, so its end means that the starter is gone, however it
went.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import sys
import threading
import types
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

FORWARDED_PROTOCOL = b"x-forwarded-proto"


def end_with_starter() -> None:
    """Wait until the starter is gone, then end this process and the functions' with it, and clear up."""
    os.read(sys.stdin.fileno(), 1)
    shutil.rmtree(Path.cwd(), ignore_errors=True)  # the starter chose it for this run's files
    os.killpg(0, signal.SIGKILL)


def over_tls(app: Callable[..., Any]) -> Callable[..., Any]:
    """Return the ASGI app with each request marked as MiniStack lets a proxy mark it that ends TLS.

    A request that says `X-Forwarded-Proto: http` itself stays unencrypted, which shows a policy at work.
    """

    async def marked(scope: dict[str, Any], *channels: Any) -> None:
        headers = scope.get("headers", [])
        if scope["type"] == "http" and not any(name == FORWARDED_PROTOCOL for name, _ in headers):
            scope = {**scope, "headers": [*headers, (FORWARDED_PROTOCOL, b"https")]}
        await app(scope, *channels)

    return marked


# Where MiniStack rewrites a queue's list of messages, and where other threads append to that list meanwhile.
TAKING = (
    "_act_delete_message",
    "_act_delete_message_batch",
    "_collect_msgs",
    "_delete_messages_for_esm",
    "_dlq_sweep",
    "_expire_retained",
    "_receive_messages_for_esm",
)
PUTTING = (("s3", "_deliver_event_to_sqs"), ("sns", "_deliver_to_sqs"), ("eventbridge", "_dispatch_to_sqs"))


def one_at_a_time() -> None:
    """Keep MiniStack from losing messages: SQS loses none, and a test that nothing is lost must be able to tell.

    It filters the list into a new one, and what an event of S3 appends to the old one meanwhile is gone.
    """
    lock = threading.RLock()

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with lock:
                return function(*arguments, **named)

        return call

    queues = import_module("ministack.services.sqs")
    places = [(queues, name) for name in TAKING]
    places += [(import_module(f"ministack.services.{service}"), name) for service, name in PUTTING]
    for module, name in places:
        original = getattr(module, name)
        vars(module)[name] = locked(original)
        # The table of SQS's actions holds the functions themselves.
        for table in [each for each in vars(module).values() if isinstance(each, dict)]:
            for key in [key for key, each in table.items() if each is original]:
                table[key] = vars(module)[name]


def body_of(_headers: Any, body: bytes, *_: Any) -> Any:
    """Return the JSON that a request carries, None where it carries none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


# A statement of PartiQL, as this project writes them: all of a batch change one table.
STATEMENT = re.compile(r'(INSERT|UPDATE|DELETE)(?: INTO| FROM)? "([^"]+)"')


def statement_of(*request: Any) -> "re.Match[str] | None":
    """Return the verb and the table of a batch's first statement, None where it is no such batch."""
    content = body_of(*request)
    statements = content.get("Statements") if isinstance(content, dict) else None
    return STATEMENT.match(statements[0]["Statement"]) if statements else None


def named_as_on_aws(find: Callable[..., str]) -> Callable[..., str]:
    """Return MiniStack's way from a request to the ARN that policies are asked about, with three kinds mended.

    A log group's ARN ends in `:*`, as CloudFormation returns it too (CloudWatch Logs user guide, "Overview of managing
    access permissions", log group ARN formats); a cache policy has one; SQS's moves of messages name the queue by its
    ARN, not by its URL.
    """

    def named(service: str, method: str, path: str, *more: Any, **others: Any) -> str:
        arn = find(service, method, path, *more, **others)
        if service == "logs" and ":log-group:" in arn:
            return arn.removesuffix(":*") + ":*"
        if service == "dynamodb" and (statement := statement_of(*more)):
            return f"arn:aws:dynamodb:{more[-2]}:{more[-1]}:table/{statement[2]}"
        if service == "sqs" and arn == "*" and isinstance(content := body_of(*more), dict):
            return str(content.get("SourceArn", arn))
        _, cache_policy, identifier = path.partition("/cache-policy/")
        if service == "cloudfront" and cache_policy:
            account = more[-1] if more else others["account_id"]
            return f"arn:aws:cloudfront::{account}:cache-policy/{identifier.partition('/')[0]}"
        return arn

    return named


# What Lambda's calls on one event source mapping ask for; MiniStack allows them to everybody, or as the list of all.
ON_A_MAPPING = {
    "GET": "lambda:GetEventSourceMapping",
    "PUT": "lambda:UpdateEventSourceMapping",
    "DELETE": "lambda:DeleteEventSourceMapping",
}


def allowed_as_on_aws(find: Callable[..., str | None]) -> Callable[..., str | None]:
    """Return MiniStack's way from a request to the action that policies are asked about, with two services mended.

    There is no permission of their own for SendMessageBatch, DeleteMessageBatch and ChangeMessageVisibilityBatch (SQS
    developer guide, "Amazon SQS API permissions: actions and resource reference").
    """

    def allowed(service: str, method: str, path: str, *more: Any, **named: Any) -> str | None:
        _, mapping, identifier = path.partition("/event-source-mappings/")
        if service == "lambda" and mapping and identifier.strip("/"):
            return ON_A_MAPPING[method]
        action = find(service, method, path, *more, **named)
        if action == "dynamodb:BatchExecuteStatement" and (statement := statement_of(*more)):
            return f"dynamodb:PartiQL{statement[1].capitalize()}"
        return action.removesuffix("Batch") if action and action.startswith("sqs:") else action

    return allowed


def unpacked_once(place: Path) -> type[zipfile.ZipFile]:
    """Return the reader of zips that unpacks each into the place once; where it is wanted are links to what lies there.

    Functions may not write beside their code (Lambda mounts it read-only), so that all may share it.
    """
    lock = threading.Lock()

    class Unpacked(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_: Any) -> None:
            whole = place / hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            with lock:
                if not whole.exists():
                    super().extractall(whole)
            for each in whole.iterdir():
                (Path(path) / each.name).symlink_to(each)

    return Unpacked


def listening_on(descriptor: int, config: type[Any]) -> type[Any]:
    """Return hypercorn's settings with the address fixed: the socket that the starter bound."""
    return type("Config", (config,), {"bind": property(lambda _: [f"fd://{descriptor}"], lambda *_: None)})


def main() -> None:
    """Run until the starter closes the pipe."""
    threading.Thread(target=end_with_starter, daemon=True).start()
    ministack = import_module("ministack.app")
    vars(ministack)["app"] = over_tls(ministack.app)
    one_at_a_time()
    actions = import_module("ministack.core.iam_actions")
    vars(actions)["extract_resource_arn"] = named_as_on_aws(actions.extract_resource_arn)
    vars(actions)["extract_iam_action"] = allowed_as_on_aws(actions.extract_iam_action)
    functions = import_module("ministack.core.lambda_runtime")
    vars(functions)["zipfile"] = types.SimpleNamespace(ZipFile=unpacked_once(Path.cwd() / "unpacked"))
    settings = import_module("hypercorn.config")
    vars(settings)["Config"] = listening_on(int(sys.argv.pop()), settings.Config)
    ministack.main()


main()
