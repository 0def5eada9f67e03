"""The verdicts, one by one."""

from dataclasses import replace

import pytest

from invalidator.core.pending.heard import Heard
from invalidator.core.remembering.head import Absent, Seen, read_head, same_for_viewers
from invalidator.core.remembering.judging import Verdict, as_found, judge
from invalidator.core.remembering.row import Kind, Row

THEN, AT, DATE = 1000.0, 5000.25, 5003
BEFORE = Seen(1000, 990, "one", 3, "html")
NOW = replace(BEFORE, date=DATE, modified=5000)
ROW = Row(Kind.SEEN, BEFORE, "A1", THEN, THEN, rev="r")
EVENT = Heard(AT, etag="one", sequencer="A2")
ABSENT_ROW = Row(Kind.ABSENT, None, "A1", THEN, rev="r")


def verdict(*heard, row=ROW, head=NOW, complete=True):
    times = min(each.at for each in heard), max(each.at for each in heard)
    return judge(times, heard, row, head, complete=complete).verdict


def test_what_is_written_again_as_it_was_is_unchanged():
    judgement = judge((AT, AT), [EVENT], ROW, NOW, complete=True)
    assert judgement.verdict is Verdict.UNCHANGED
    assert judgement.row == Row(Kind.SEEN, NOW, "A2", AT, THEN, AT)


@pytest.mark.parametrize(
    ("why", "given"),
    [
        ("other bytes", {"head": replace(NOW, etag="two")}),
        ("other headers", {"head": replace(NOW, headers="text")}),
        ("another size", {"head": replace(NOW, size=4)}),
        ("S3 could not be asked", {"head": None}),
        ("it is gone", {"head": Absent(DATE)}),
        ("another write came since", {"head": replace(NOW, modified=5001)}),
        ("S3 was asked about this write before", {"row": replace(ROW, seen=replace(BEFORE, modified=5000))}),
        (
            "it was uploaded in parts",
            {"head": replace(NOW, etag="one-2"), "event": replace(EVENT, etag="one-2")},
        ),
        ("nothing is remembered yet", {"row": None, "complete": False}),
        ("nothing is sure", {"row": replace(ROW, kind=Kind.UNKNOWN, seen=None)}),
        ("its invalidation was given up", {"row": replace(ROW, kind=Kind.OWED, seen=None)}),
        ("it is older than what was judged", {"row": replace(ROW, sequencer="A3")}),
        ("older, without sequencers", {"row": replace(ROW, sequencer="", at=AT + 1)}),
        ("a new ACL", {"event": replace(EVENT, etag="")}),
        ("removed", {"event": replace(EVENT, removed=True)}),
        (
            "another version stands there",
            {"head": replace(NOW, version="v2"), "event": replace(EVENT, version="v1")},
        ),
        ("it cannot be read", {"head": replace(NOW, archived=True)}),
    ],
)
def test_in_doubt_it_is_a_change(why, given):
    given = dict(given)
    event = given.pop("event", EVENT)
    assert verdict(event, **given) is Verdict.CHANGED, why


def test_two_writes_are_a_change_though_the_second_led_back():
    assert verdict(EVENT, replace(EVENT, at=AT + 0.1, sequencer="A3")) is Verdict.CHANGED
    assert verdict(EVENT, EVENT) is Verdict.UNCHANGED, "a duplicate is no second write"


def test_of_a_key_nobody_heard_of_it_is_a_change():
    assert judge((AT, AT), [], ROW, NOW, complete=True).verdict is Verdict.CHANGED


def test_a_version_tells_what_times_cannot():
    head, event = (
        replace(NOW, version="v2", etag="one-2", modified=4000),
        replace(EVENT, version="v2", etag="one-2"),
    )
    row = replace(ROW, seen=replace(BEFORE, version="v1", etag="one-2"))
    assert verdict(event, head=head, row=row) is Verdict.UNCHANGED


def test_what_the_bucket_never_held_is_new():
    assert verdict(EVENT, row=None) is Verdict.NEW
    assert verdict(EVENT, row=ABSENT_ROW) is Verdict.NEW
    assert verdict(EVENT, row=replace(ABSENT_ROW, sequencer="A3")) is Verdict.CHANGED, "a late event"
    assert verdict(EVENT, replace(EVENT, sequencer="A3"), row=None) is Verdict.CHANGED, "written twice"


def test_a_change_is_pending_as_of_what_was_seen():
    judgement = judge((AT, AT), [EVENT], ROW, replace(NOW, etag="two"), complete=True)
    assert judgement.times == (AT, float(DATE))
    assert judgement.row.seen == replace(NOW, etag="two")


def test_what_was_written_in_the_second_of_the_answer_is_not_remembered():
    racy = replace(NOW, etag="two", modified=DATE)
    assert judge((AT, AT), [EVENT], ROW, racy, complete=True).row.kind is Kind.UNKNOWN


def test_a_key_encrypts_each_time_to_another_etag():
    row = replace(ROW, seen=replace(BEFORE, etag="kms1", checksum="crc64nvme:x"))
    head = replace(NOW, etag="kms2", checksum="crc64nvme:x")
    assert verdict(replace(EVENT, etag="kms2"), row=row, head=head) is Verdict.UNCHANGED
    assert verdict(replace(EVENT, etag="kms1"), row=row, head=head) is Verdict.CHANGED, (
        "another write's event"
    )


def test_a_round_believes_no_event_of_before():
    row = as_found(None, NOW, 5010.0)
    assert row is not None
    assert verdict(EVENT, row=row) is Verdict.CHANGED
    later = replace(EVENT, at=6000.5)
    assert verdict(later, row=row, head=replace(NOW, modified=6000, date=6002)) is Verdict.UNCHANGED
    assert as_found(None, Absent(DATE), 5010.0) is None


@pytest.mark.parametrize("row", [None, Row(Kind.UNKNOWN, None, "A1", THEN, rev="r")])
@pytest.mark.parametrize("etag", ["one", "one-2"])
def test_a_version_that_a_round_has_seen_is_a_change_when_its_event_comes(row, etag):
    """Late, or in the very second of the round's answer: nobody's need of it was pending."""
    head = replace(NOW, version="v2", etag=etag, modified=4990)
    found = as_found(row, head, 5010.0)
    assert found is not None
    assert found.kind is Kind.SEEN
    event = replace(EVENT, at=DATE + 0.5, version="v2", etag=etag)
    assert verdict(event, row=found, head=head) is Verdict.CHANGED
    after = replace(found, sequencer="A2")
    assert verdict(event, row=after, head=head) is Verdict.UNCHANGED, "the same event again"


def test_an_etag_that_tells_the_bytes_is_not_overruled_by_a_weaker_checksum():
    told = {
        "content-length": "18",
        "date": "Mon, 23 Nov 2026 11:59:10 GMT",
        "last-modified": "Mon, 23 Nov 2026 11:59:00 GMT",
        "x-amz-checksum-crc64nvme": "IUTfHA==",
        "x-amz-checksum-type": "FULL_OBJECT",
    }
    one, two = (read_head({**told, "etag": f'"{etag}"'}) for etag in ("83d3", "e699"))
    assert not same_for_viewers(one, two)
    kms = {**told, "x-amz-server-side-encryption": "aws:kms"}
    one, two = (read_head({**kms, "etag": f'"{etag}"'}) for etag in ("83d3", "e699"))
    assert same_for_viewers(one, two)
    kms["x-amz-checksum-crc32"] = kms.pop("x-amz-checksum-crc64nvme")
    one, two = (read_head({**kms, "etag": f'"{etag}"'}) for etag in ("83d3", "e699"))
    assert not same_for_viewers(one, two), "files that end in their own CRC-32 have the same one"
