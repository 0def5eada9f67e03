"""What is told on the bus: the schema to the letter, in calls that EventBridge takes."""

import json
import logging

import pytest
from botocore.exceptions import EndpointConnectionError

from invalidator.announcing import of_buckets, of_intake, of_run
from invalidator.aws.event_bus import MOST_BYTES, EventBus
from invalidator.core import announcement
from invalidator.core.announcement import (
    MOST_PATHS,
    Announcement,
    completed,
    created,
    given_up,
    lost,
    repaired,
)
from invalidator.core.outcome import Dead, Outcome
from invalidator.core.reasons import Reason
from invalidator.core.sent import Sent
from invalidator.intake.inbox import read
from invalidator.intake.intake import Intaken
from invalidator.ports import Message
from invalidator.sender.buckets import BucketRun, DeadKeys
from invalidator.sender.sender import Run

SENT = Sent("E1", "I1", 1_795_000_000.25, ("/a", "/b/*"))


class Bus:
    """EventBridge: keeps what it is given, and answers what a test wants."""

    def __init__(self, answer=None):
        self.calls = []
        self.answer = answer or {"FailedEntryCount": 0, "Entries": []}

    def put_events(self, Entries):
        self.calls.append(Entries)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def told(*announcements):
    bus = Bus()
    EventBus(bus, "default", "my-stack").tell(announcements)
    return [entry for call in bus.calls for entry in call]


def test_an_invalidation_is_told_by_version_1_of_the_schema():
    (entry,) = told(created(SENT, ("site",)))
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "Source": "cloudfront-invalidator", "DetailType": "Invalidation Created", "EventBusName": "default",
    }  # fmt: skip
    assert detail == {
        "version": 1, "stack": "my-stack", "distribution": "E1", "invalidation": "I1",
        "created": "2026-11-18T11:06:40.250Z", "buckets": ["site"], "path_count": 2, "wildcard_count": 1,
        "paths": ["/a", "/b/*"],
    }  # fmt: skip


def test_the_fields_of_every_kind_are_those_that_the_schema_lists():
    listed = {}
    for line in announcement.__doc__.splitlines():
        if line.startswith("| `"):
            kind, _, fields = (cell.strip() for cell in line.strip("| ").split("|"))
            listed[kind.strip("`")] = {each.split("`")[1] for each in fields.split(", ")}
    told_of = (
        created(SENT, ()),
        completed(SENT),
        given_up("E1", (), (), Reason.ACCESS_DENIED, "no"),
        lost("b", 0.0, ["gone"], "fix", ""),
        repaired("b", 0.0, ["gone"]),
    )
    for each in told_of:
        assert set(each.detail) == listed[each.kind]
    assert [each.kind for each in told_of] == list(listed)


def test_of_many_paths_the_first_are_told_and_all_counted():
    many = tuple(f"/{number}" for number in range(3000))
    detail = json.loads(told(created(Sent("E1", "I1", 0.0, many), ()))[0]["Detail"])
    assert (detail["path_count"], len(detail["paths"])) == (3000, MOST_PATHS)
    long = tuple(f"/{'é' * 3000}{number}" for number in range(50))
    (entry,) = told(created(Sent("E1", "I1", 0.0, long), ()))
    assert len(entry["Detail"]) <= MOST_BYTES
    assert json.loads(entry["Detail"])["paths"]


def test_no_call_holds_more_than_eventbridge_takes():
    bus = Bus()
    EventBus(bus, "b", "s").tell(created(SENT, ()) for _ in range(25))
    assert [len(call) for call in bus.calls] == [10, 10, 5]
    large = Announcement("k", {"paths": [], "text": "x" * 100_000})
    bus = Bus()
    EventBus(bus, "b", "s").tell([large] * 5)
    assert [len(call) for call in bus.calls] == [2, 2, 1]
    EventBus(bus, "b", "s").tell([])
    assert len(bus.calls) == 3


@pytest.mark.parametrize(
    "answer",
    [
        EndpointConnectionError(endpoint_url="http://events"),
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NoSuchBus", "ErrorMessage": "gone"}]},
    ],
)
def test_what_cannot_be_told_is_logged_and_the_work_goes_on(answer, caplog):
    with caplog.at_level(logging.WARNING):
        EventBus(Bus(answer), "b", "s").tell([completed(SENT)])
    assert "not told again" in caplog.text


def test_a_run_tells_what_it_sent_and_what_it_gave_up():
    outcome = Outcome("E1", sent=[SENT], dead=[Dead({"/x": 1.0}, Reason.ACCESS_DENIED, "no right")])
    kinds = [(each.kind, each.detail.get("reason")) for each in of_run(Run("E1", outcome=outcome))]
    assert kinds == [("Invalidation Created", None), ("Change Given Up", "access-denied")]


def test_a_step_of_the_unknown_buckets_tells_what_it_gave_up_as_its_letters_do():
    run = BucketRun("unknown", dead={"site": DeadKeys(3, Reason.UNAVAILABLE, "no survey could tell")})
    (told_of,) = of_buckets(run)
    assert told_of == given_up("", ("site",), (), Reason.UNAVAILABLE, "3 keys: no survey could tell")


def test_a_message_that_stays_on_the_queue_is_not_told_to_be_given_up():
    read_both = read([Message("m1", "not JSON", 0.0), Message("m2", "{}", 0.0)])
    done = Intaken(inbox=read_both, given_up=read_both.unreadable[:1], retry={"m2"})
    assert [(each.kind, each.detail["reason"]) for each in of_intake(done)] == [
        ("Change Given Up", "not-json")
    ]
