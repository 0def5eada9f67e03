"""A small SQS on 127.0.0.1 that speaks SQS's JSON protocol, and answers DescribeStacks for the stack around it.

moto and MiniStack search all messages on every receive, so ten thousand take them minutes or long seconds; and
neither has the service's own move of a queue, nor answers a batch in part. `test_local_sqs.py` holds this one and
moto to the same contract.
"""

import hashlib
import json
import threading
import time
import uuid
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass
class Stored:
    id: str
    body: str
    attributes: dict[str, Any]
    system: dict[str, str]
    receipt: str = ""
    visible_at: float = 0.0


@dataclass
class LocalSqs:
    """The queues, and the faults a test wants.

    Attributes:
        before: called with the action and its number before a request is worked off, in the server's thread.
        after: called likewise when it was worked off and before it is answered.
        refuse: (action, body) → whether that entry of a batch fails.
        denied: actions that the caller may not do.
        move_tasks: whether the service's own move exists.
        offset: seconds that the clock was turned on.
        policy: the queues' policy, "" for none.
        status: of the stack.
        parameters: the stack's, name → value.
    """

    endpoint: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    stack: str = "cloudfront-invalidator"
    refuse: Any = None
    before: Any = None
    after: Any = None
    denied: frozenset[str] = frozenset()
    move_tasks: bool = False
    move_fails_after: int | None = None
    offset: float = 0.0
    policy: str = ""
    status: str = "CREATE_COMPLETE"
    parameters: dict[str, str] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    visible: dict[str, deque] = field(default_factory=dict)
    held: dict[str, dict[str, Stored]] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)

    def now(self):
        return time.time() + self.offset

    def create(self, name):
        url = f"{self.endpoint}/{ACCOUNT}/{name}"
        self.visible[url], self.held[url] = deque(), {}
        return url

    def put(self, url, body, attributes=None, sent=None, system=None):
        """Put a message in a queue; `attributes` are name → text."""
        typed = {
            name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()
        }
        return self._store(url, body, typed, sent, system)

    def bodies(self, url):
        """Return the bodies of all messages, held ones included."""
        with self.lock:
            return [each.body for each in [*self.visible[url], *self.held[url].values()]]

    def messages(self, url):
        """Return all messages, held ones included."""
        with self.lock:
            return [*self.visible[url], *self.held[url].values()]

    def _store(self, url, body, attributes, sent=None, system=None):
        at = self.now() if sent is None else sent
        message = Stored(
            str(uuid.uuid4()), body, attributes, {"SentTimestamp": str(int(at * 1000)), **(system or {})}
        )
        self.visible[url].append(message)
        return message.id

    def _come_back(self, url):
        late = [receipt for receipt, each in self.held[url].items() if each.visible_at <= self.now()]
        self.visible[url].extend(self.held[url].pop(receipt) for receipt in late)

    def answer(self, action, request):
        with self.lock:
            self.calls[action] = self.calls.get(action, 0) + 1
            number = self.calls[action]
        if self.before:
            self.before(action, number)
        if action in self.denied:
            raise LookupError("AccessDenied", "not allowed")
        url = request.get("QueueUrl", "")
        with self.lock:
            if url and url not in self.visible:
                raise LookupError("QueueDoesNotExist", "The specified queue does not exist.")
            result = getattr(self, action)(url, request)
        if self.after:
            self.after(action, number)
        return result

    def GetQueueAttributes(self, url, request):
        self._come_back(url)
        values = {
            "ApproximateNumberOfMessages": str(len(self.visible[url])),
            "ApproximateNumberOfMessagesNotVisible": str(len(self.held[url])),
            "ApproximateNumberOfMessagesDelayed": "0",
            "MessageRetentionPeriod": "345600",
            **({"Policy": self.policy} if self.policy else {}),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": self.outputs["DeadLetterQueueArn"]}),
        }
        return {"Attributes": {name: values[name] for name in request["AttributeNames"] if name in values}}

    def ReceiveMessage(self, url, request):
        if not self.visible[url]:
            self._come_back(url)
        found = []
        for _ in range(min(request.get("MaxNumberOfMessages", 1), len(self.visible[url]))):
            message = self.visible[url].popleft()
            message.receipt = str(uuid.uuid4())
            message.visible_at = self.now() + request["VisibilityTimeout"]
            self.held[url][message.receipt] = message
            found.append({
                "MessageId": message.id, "ReceiptHandle": message.receipt, "Body": message.body,
                "Attributes": message.system, "MessageAttributes": message.attributes,
            })  # fmt: skip
        return {"Messages": found} if found else {}

    def SetQueueAttributes(self, _url, request):
        self.policy = request["Attributes"]["Policy"]
        return {}

    def SendMessage(self, url, request):
        body = request["MessageBody"]
        name = self._store(url, body, request.get("MessageAttributes", {}))
        return {
            "MessageId": name,
            "MD5OfMessageBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        }

    def SendMessageBatch(self, url, request):
        return self._each(
            "SendMessageBatch",
            request,
            lambda entry: entry["MessageBody"],
            lambda entry: self._store(url, entry["MessageBody"], entry.get("MessageAttributes", {})),
        )

    def DeleteMessageBatch(self, url, request):
        held = self.held[url]
        return self._each(
            "DeleteMessageBatch",
            request,
            lambda entry: held[entry["ReceiptHandle"]].body if entry["ReceiptHandle"] in held else "",
            lambda entry: held.pop(entry["ReceiptHandle"], None),
        )

    def ChangeMessageVisibilityBatch(self, url, request):
        for entry in request["Entries"]:
            message = self.held[url].get(entry["ReceiptHandle"])
            if message is not None and entry["VisibilityTimeout"]:
                message.visible_at = self.now() + entry["VisibilityTimeout"]
            elif message is not None:
                self.visible[url].append(self.held[url].pop(entry["ReceiptHandle"]))
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}

    def StartMessageMoveTask(self, _url, request):
        if not self.move_tasks:
            raise LookupError("InvalidAction", "The action is not valid for this endpoint.")
        source, target = (self._by_arn(request[name]) for name in ("SourceArn", "DestinationArn"))
        most = len(self.visible[source]) if self.move_fails_after is None else self.move_fails_after
        for _ in range(most):
            message = self.visible[source].popleft()
            self._store(target, message.body, message.attributes)
        status = "COMPLETED" if self.move_fails_after is None else "FAILED"
        self.tasks.insert(0, {"Status": status, "ApproximateNumberOfMessagesMoved": most})
        if status == "FAILED":
            self.tasks[0]["FailureReason"] = "AccessDenied"
        return {"TaskHandle": "h"}

    def ListMessageMoveTasks(self, _url, _request):
        if not self.move_tasks:
            raise LookupError("InvalidAction", "The action is not valid for this endpoint.")
        return {"Results": self.tasks[:1]}

    def _by_arn(self, arn):
        return f"{self.endpoint}/{ACCOUNT}/{arn.rpartition(':')[2]}"

    def _each(self, action, request, body_of, work):
        done, failed = [], []
        for entry in request["Entries"]:
            if self.refuse and self.refuse(action, body_of(entry)):
                failed.append(
                    {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False, "Message": "try again"}
                )
            else:
                work(entry)
                done.append({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""})
        return {"Successful": done, "Failed": failed}

    def describe_stacks(self, name):
        if name != self.stack:
            return 400, (
                "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
                f"<Message>Stack with id {escape(name)} does not exist</Message></Error></ErrorResponse>"
            )
        members = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
            for key, value in self.outputs.items()
        )
        parameters = "".join(
            f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{escape(value)}</ParameterValue></member>"
            for key, value in self.parameters.items()
        )
        return 200, (
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>"
            f"<StackName>{name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>"
            f"<StackStatus>{self.status}</StackStatus><Outputs>{members}</Outputs>"
            f"<Parameters>{parameters}</Parameters>"
            "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        )


@contextmanager
def local_sqs():
    """Run a LocalSqs with a stack of a queue and a dead-letter queue."""
    sqs = LocalSqs()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            data = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target")
            if target is None:
                status, text = sqs.describe_stacks(parse_qs(data.decode()).get("StackName", [""])[0])
                self._send(status, "text/xml", text.encode())
                return
            error = ""
            try:
                status, answer = 200, sqs.answer(target.partition(".")[2], json.loads(data))
            except LookupError as refused:
                code, message = refused.args
                # The code by which the older protocol knew the error; the SDK goes by it.
                error = "AWS.SimpleQueueService.NonExistentQueue" if code == "QueueDoesNotExist" else code
                status, answer = 400, {"__type": f"com.amazonaws.sqs#{code}", "message": message}
            self._send(status, "application/x-amz-json-1.0", json.dumps(answer).encode(), error)

        def _send(self, status, kind, data, error=""):
            self.send_response_only(status)
            if error:
                self.send_header("x-amzn-query-error", f"{error};Sender")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """A client that was killed says nothing more; that is not the server's error."""

    server = Server(("127.0.0.1", 0), Handler)
    sqs.endpoint = f"http://127.0.0.1:{server.server_port}"
    for name in ("Queue", "DeadLetterQueue"):
        sqs.outputs[f"{name}Url"] = sqs.create(name)
        sqs.outputs[f"{name}Arn"] = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    sqs.outputs |= {"FunctionName": "invalidator", "TableName": "table"}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield sqs
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
