"""A queue and a function as the event source's clients see them; real threads, no network."""
# ruff: noqa: N803  AWS spells its parameters so

import io
import json
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

QUEUE_ARN = "arn:aws:sqs:eu-central-1:000000000000:changes"


class FakeQueue:
    """Holds messages; what was received is gone until it is deleted, as under a long visibility timeout."""

    def __init__(self, bodies=()):
        self._arrived = threading.Condition()
        self._waiting = []
        self.in_flight = {}
        self.deleted = []
        self.polls_running = 0
        self._sent = 0
        self.send(*bodies)

    def send(self, *bodies):
        with self._arrived:
            for body in bodies:
                self._waiting.append((f"m{self._sent}", body))
                self._sent += 1
            self._arrived.notify_all()

    def get_queue_url(self, *, QueueName):
        assert QueueName == QUEUE_ARN.rsplit(":", maxsplit=1)[-1]
        return {"QueueUrl": "http://queue"}

    def receive_message(self, *, QueueUrl, MaxNumberOfMessages, WaitTimeSeconds, **names):
        assert 1 <= MaxNumberOfMessages <= 10
        with self._arrived:
            self.polls_running += 1
            self._arrived.wait_for(lambda: self._waiting, min(WaitTimeSeconds, 0.05))
            self.polls_running -= 1
            taken, self._waiting = self._waiting[:MaxNumberOfMessages], self._waiting[MaxNumberOfMessages:]
            self.in_flight.update(taken)
        return {
            "Messages": [
                {
                    "MessageId": id_,
                    "ReceiptHandle": f"handle-{id_}",
                    "Body": body,
                    "MD5OfBody": "md5",
                    "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795000000000"},
                    "MessageAttributes": {"why": {"StringValue": "because", "DataType": "String"}},
                }
                for id_, body in taken
            ]
        }

    def delete_message_batch(self, *, QueueUrl, Entries):
        assert 1 <= len(Entries) <= 10
        with self._arrived:
            for entry in Entries:
                id_ = entry["ReceiptHandle"].removeprefix("handle-")
                del self.in_flight[id_]
                self.deleted.append(id_)


class FakeFunctions:
    """Lists one mapping and answers invocations with `answer(event)`; keeps the events it saw."""

    def __init__(self, answer, **mapping):
        self.entry = {
            "UUID": "u",
            "State": "Enabled",
            "EventSourceArn": QUEUE_ARN,
            "FunctionArn": "arn:aws:lambda:eu-central-1:000000000000:function:f",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        } | mapping
        self._answer = answer
        self._lock = threading.Lock()
        self.events = []
        self.looks = 0
        self.running = 0
        self.most_running = 0

    def get_paginator(self, operation):
        assert operation == "list_event_source_mappings"
        self.looks += 1
        return SimpleNamespace(paginate=lambda: [{"EventSourceMappings": [self.entry]}])

    def invoke(self, *, FunctionName, Payload):
        with self._one_more():
            event = json.loads(Payload)
            self.events.append(event)
            answer = self._answer(event)
        if isinstance(answer, Exception):
            body = json.dumps({"errorMessage": str(answer)}).encode()
            return {"Payload": io.BytesIO(body), "FunctionError": "Unhandled"}
        return {"Payload": io.BytesIO(answer if isinstance(answer, bytes) else json.dumps(answer).encode())}

    @contextmanager
    def _one_more(self):
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        yield
        with self._lock:
            self.running -= 1


def wait_until(condition, seconds=10):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)
