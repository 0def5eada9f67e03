"""A round of the watch: what was lost is seen, mended where it may be, its gap noted, and others' entries stay."""

import copy
from dataclasses import replace

import pytest

from bucket_subscription.document import foreign_part, own_part, same
from bucket_subscription.errors import UnreachableError, UnsettledError
from bucket_subscription.key_filter import KeyFilter
from bucket_subscription.owner import Owner
from bucket_subscription.policy import S3
from bucket_subscription.wishes.wish import Maker, Road
from bucket_watch.repair import Repair, Repairs
from bucket_watch.summary import GapState
from bucket_watch.watch import Watch
from tests.bucket_subscription.fake_bucket_aws import (
    OTHER_QUEUE,
    OWNER,
    QUEUE,
    FakeS3,
    queue_entry,
    subscription,
)
from tests.bucket_watch.lookouts import (
    BY_EVENTBRIDGE,
    BY_HAND,
    BY_TOPIC,
    DIRECT,
    OURS,
    RULE,
    Access,
    Roads,
    lookout,
)
from tests.memory_wishes import MemoryStandings, MemoryWishes
from tests.sender.fakes import Clock

HOUR = 3600.0
THEIRS = {"QueueConfigurations": [queue_entry("theirs", ["s3:ObjectRestore:*"], prefix="a/")]}
TERRAFORM = {"QueueConfigurations": [queue_entry("tf-s3-queue-1", ["s3:ObjectRestore:*"], prefix="uploads/")]}


class World:
    """One stack's buckets, and a clock that the test moves."""

    def __init__(self, *wishes, repairs=Repairs.NAMED, roads=None, who="", sent=(), **documents):
        self.s3 = FakeS3(**documents)
        self.wishes, self.standings, self.clock = MemoryWishes(*wishes), MemoryStandings(), Clock()
        self.access, self.roads = Access(), roads or Roads([RULE])
        self.asked, self.sent = [], list(sent)

        def culprit(bucket, since):
            self.asked.append((bucket, since))
            return who

        self.watch = Watch(
            lookout(self.s3, self.access, self.roads),
            self.wishes,
            self.standings,
            self,
            Repair(subscription(self.s3, self.access), QUEUE, repairs),
            culprit,
            self.clock,
        )

    def have_sent(self, known):
        return [each for each in self.sent if each not in known]

    def round(self, seconds=300.0):
        return self.watch.run(self.clock.now() + seconds)

    def line(self):
        (line,) = self.round().buckets
        return line

    def own(self, bucket="site"):
        return own_part(self.s3.documents[bucket], OWNER)


def right(**options):
    """A world in which the site was seen right an hour ago."""
    world = World(
        DIRECT,
        site=copy.deepcopy(
            {
                **OURS,
                **THEIRS,
                "QueueConfigurations": [*OURS["QueueConfigurations"], *THEIRS["QueueConfigurations"]],
            }
        ),
        **options,
    )
    assert world.line().state == "works"
    world.clock.time += HOUR
    return world


def test_a_round_in_which_all_is_right_writes_to_no_bucket_and_notes_no_gap():
    world = right()
    summary = world.round()
    assert summary.as_json()["buckets"][0]["state"] == "works"
    assert (summary.lost, world.s3.writes, world.wishes.noted) == ([], [], {})
    assert world.standings.last == world.clock.now(), "the sweep sees that it came to its end"


def test_what_was_taken_away_is_put_back_and_the_gap_begins_when_it_was_seen_right_last():
    world = right()
    seen = world.clock.now() - HOUR
    world.s3.documents["site"] = copy.deepcopy(TERRAFORM)
    line = world.line()
    assert (line.state, line.repaired, line.gap) == ("repaired", True, GapState.WAITS)
    assert line.found.wrong[0].startswith("its notification holds no entry to the queue any more")
    assert same(foreign_part(world.s3.documents["site"], OWNER), TERRAFORM)
    assert len(world.own()) == 1
    gap = world.wishes.noted["site"]
    assert (gap.since, gap.noted, gap.due) == (seen, world.clock.now(), world.clock.now() + 300)
    world.clock.time += HOUR
    assert (world.line().state, world.line().gap) == ("works", GapState.WAITS)
    assert world.wishes.noted["site"] == gap, "once"


def test_no_bucket_is_repaired_twice_within_the_hour_and_who_takes_it_away_is_said():
    world = right(who="arn:aws:iam::1:user/ci changed it")
    for _ in range(2):
        world.s3.documents["site"] = copy.deepcopy(TERRAFORM)
        line = world.line()
        world.clock.time += HOUR / 4
    assert (line.state, line.not_repaired) == ("lost", "a repair was tried within the hour already")
    assert line.losses == 2
    assert line.by.startswith("arn:aws:iam::1:user/ci changed it")
    assert "Terraform" not in line.by, "its entry was there when the bucket was seen right"
    assert world.own() == ()
    world.clock.time += HOUR
    assert world.line().state == "repaired"


def test_an_entry_that_came_is_named_and_terraform_s_by_its_name():
    world = right()
    world.s3.documents["site"] = copy.deepcopy(TERRAFORM)
    assert world.line().by.startswith("new since it was right: Terraform's, by its name: queue tf-s3-queue-1")


def test_an_overlap_that_came_meanwhile_is_named_and_not_fought():
    world = right()
    theirs = {"QueueConfigurations": [queue_entry("tf-s3-queue-1", ["s3:ObjectCreated:*"])]}
    world.s3.documents["site"] = copy.deepcopy(theirs)
    line = world.line()
    assert line.state == "lost"
    assert "overlap: queue entry 'tf-s3-queue-1'" in line.not_repaired
    assert (world.s3.documents["site"], world.s3.writes, world.wishes.noted) == (theirs, [], {})
    assert line.gap is GapState.OPEN


@pytest.mark.parametrize(
    ("repairs", "wish", "repaired"),
    [
        (Repairs.NAMED, DIRECT, True),
        (Repairs.NAMED, BY_EVENTBRIDGE, True),
        (Repairs.NAMED, BY_HAND, False),
        (Repairs.ALL, BY_HAND, True),
        (Repairs.ALL, replace(BY_EVENTBRIDGE, maker=Maker.PERSON), True),
        (Repairs.ALL, replace(DIRECT, maker=Maker.LEARNED), False),
        (Repairs.ALL, BY_TOPIC, False),
        (Repairs.NO, DIRECT, False),
    ],
)
def test_what_may_be_repaired_is_the_operator_s_choice(repairs, wish, repaired):
    world = World(wish, repairs=repairs, site=copy.deepcopy(TERRAFORM))
    line = world.line()
    assert line.repaired is repaired
    assert bool(line.not_repaired) is not repaired
    assert bool(world.s3.writes) is repaired
    assert same(
        foreign_part(
            {k: v for k, v in world.s3.documents["site"].items() if k != "EventBridgeConfiguration"}, OWNER
        ),
        TERRAFORM,
    )


def test_a_repair_brings_back_each_filter_of_the_parameters():
    wishes = [replace(DIRECT, keys=KeyFilter("a/")), replace(DIRECT, keys=KeyFilter("b/", ".html"))]
    world = World(*wishes, site={})
    assert world.line().repaired
    assert len(world.own()) == 2


def test_what_no_repair_of_the_notification_can_mend_is_said():
    world = right()
    world.access.closed = {S3}
    line = world.line()
    assert (line.state, line.not_repaired) == ("lost", f"the queue keeps out {S3}")
    assert world.s3.writes == []
    world.roads.rules = []
    world.wishes.wish(BY_EVENTBRIDGE)
    world.access.closed = set()
    world.clock.time += HOUR
    line = world.line()
    assert line.not_repaired.startswith("it was mended, and still: no EventBridge rule takes")


def test_what_somebody_else_put_back_leaves_a_gap_all_the_same():
    world = right(repairs=Repairs.NO)
    before = copy.deepcopy(world.s3.documents["site"])
    world.s3.documents["site"] = {}
    assert world.line().gap is GapState.OPEN
    world.s3.documents["site"] = before
    world.clock.time += HOUR
    line = world.line()
    assert (line.state, line.gap) == ("works", GapState.WAITS)
    assert world.wishes.noted["site"].since == world.clock.now() - 2 * HOUR


def test_whoever_connected_it_again_and_noted_the_gap_is_not_repeated():
    world = right(repairs=Repairs.NO)
    before = copy.deepcopy(world.s3.documents["site"])
    world.s3.documents["site"] = {}
    world.line()
    world.clock.time += 60
    world.s3.documents["site"] = before
    world.wishes.note_gap("site", 0.0, world.clock.now(), "connected by hand")
    noted = world.wishes.noted["site"]
    world.clock.time += HOUR
    world.line()
    assert world.wishes.noted["site"] == noted


class Killed(BaseException):
    """The process ends."""


@pytest.mark.parametrize("call", range(12))
def test_a_round_that_was_killed_is_finished_by_the_next(call):
    """Wherever it dies between two calls of S3: the bucket is mended once, and its gap is noted."""
    world = right()
    world.s3.documents["site"] = copy.deepcopy(TERRAFORM)

    def kill():
        raise Killed

    world.s3.before_call[len(world.s3.calls) + call] = kill
    try:
        world.round()
    except Killed:
        assert call < 8
    else:
        assert call >= 8, "there are no more calls to die before"
    world.s3.before_call.clear()
    world.clock.time += HOUR
    world.round()
    assert len(world.own()) == 1
    assert world.wishes.noted["site"].since == world.clock.now() - 2 * HOUR
    assert same(foreign_part(world.s3.documents["site"], OWNER), TERRAFORM)
    assert len(world.s3.writes) == 1


def test_a_bucket_that_was_disconnected_meanwhile_is_not_connected_again():
    world = right()
    world.s3.documents["site"] = {}
    world.watch.who = lambda bucket, since: world.wishes.forget([DIRECT]) or ""
    assert world.line().not_repaired == "it was disconnected meanwhile"
    assert world.s3.writes == []
    assert world.round().buckets == []
    assert world.standings.known == {}


def test_a_bucket_that_s3_does_not_answer_for_is_unknown_and_keeps_its_standing():
    world = right()
    seen = world.clock.now() - HOUR
    world.s3.fault = lambda number, name: "before"
    line = world.line()
    assert (line.state, line.right, line.found.wrong) == ("unknown", seen, ())
    world.s3.fault = lambda number, name: None
    assert (world.line().state, world.wishes.noted) == ("works", {})


def unreadable(world, hours):
    """Rounds an hour apart in which S3 answers for no bucket; then it answers again, an hour later."""
    world.s3.fault = lambda number, name: "before"
    for _ in range(hours):
        line = world.line()
        world.clock.time += HOUR
    world.s3.fault = lambda number, name: None
    return line


def test_what_nobody_could_look_at_for_days_is_covered_from_when_it_was_seen_right_last():
    """Somebody may have taken it away and put it back meanwhile, to the letter."""
    world = right()
    seen = world.clock.now() - HOUR
    assert unreadable(world, 60).gap is GapState.OPEN
    line = world.line()
    assert (line.state, line.gap, world.s3.writes) == ("works", GapState.WAITS, [])
    gap = world.wishes.noted["site"]
    assert (gap.since, gap.noted, gap.due) == (seen, world.clock.now(), world.clock.now() + 300)
    world.clock.time += HOUR
    world.line()
    assert world.wishes.noted["site"] == gap, "once"


def test_one_look_that_failed_is_no_reason_to_purge_a_site():
    world = right()
    assert unreadable(world, 1).gap is GapState.NONE
    assert (world.line().gap, world.wishes.noted) == (GapState.NONE, {})


def test_unless_somebody_wrote_the_notification_while_nobody_could_look():
    world = right()
    seen = world.clock.now() - HOUR
    unreadable(world, 1)
    theirs = world.s3.documents["site"]["QueueConfigurations"]
    theirs.append(queue_entry("tf-s3-queue-1", ["s3:ObjectRestore:*"], prefix="uploads/"))
    assert world.line().gap is GapState.WAITS
    assert world.wishes.noted["site"].since == seen


def test_a_bucket_that_was_connected_while_nobody_could_look_was_right_then():
    world = right()
    unreadable(world, 10)
    connected = world.clock.now() - HOUR / 2
    world.wishes.note_gap("site", 0.0, connected, "it was connected by hand")
    noted = world.wishes.noted["site"]
    assert (world.line().gap, world.wishes.noted["site"]) == (GapState.WAITS, noted)
    world.wishes.noted["site"] = replace(noted, covered=connected + 300)
    unreadable(world, 10)
    world.line()
    assert world.wishes.noted["site"].since == connected + HOUR / 2


def test_the_alarm_tells_of_what_may_be_lost_and_of_no_single_failed_look():
    world = right()
    assert [unreadable(world, 1).alarms for _ in range(4)] == [False, False, False, True]
    assert not world.line().alarms
    world.s3.documents["site"] = {}
    world.watch.repair = replace(world.watch.repair, repairs=Repairs.NO)
    assert world.line().alarms
    assert unreadable(world, 1).alarms, "it was lost, and nobody saw that it is not"
    new = World(DIRECT, site=copy.deepcopy(OURS))
    new.wishes.note_gap("site", 0.0, new.clock.now() - 60, "it was connected by a deployment")
    assert not unreadable(new, 1).alarms, "it was connected a minute ago"


def test_a_watch_that_did_not_come_by_for_days_is_as_blind_and_a_round_that_dies_forgets_none():
    world = World(*(replace(DIRECT, bucket=f"b{n}") for n in range(3)))
    world.s3.documents = {f"b{n}": copy.deepcopy(OURS) for n in range(3)}
    world.round()
    seen = world.clock.now()
    world.clock.time += 50 * HOUR

    def kill():
        raise Killed

    world.s3.before_call[len(world.s3.calls) + 1] = kill
    with pytest.raises(Killed):
        world.round()
    world.s3.before_call.clear()
    world.clock.time += HOUR
    world.round()
    assert {bucket: gap.since for bucket, gap in world.wishes.noted.items()} == dict.fromkeys(
        ("b0", "b1", "b2"), seen
    )


def slow(world):
    """Let S3 take half a minute to tell of a bucket."""
    read = world.s3.read

    def read_slowly(bucket):
        world.clock.time += 30
        return read(bucket)

    world.s3.read = read_slowly


def test_buckets_that_are_too_many_for_a_round_are_not_purged_for_that():
    wishes = [replace(DIRECT, bucket=f"b{n:02}") for n in range(12)]
    world = World(*wishes, **{f"b{n:02}": copy.deepcopy(OURS) for n in range(12)})
    slow(world)
    for _ in range(20):
        world.round(80)  # two of twelve: each is looked at every six hours
        world.clock.time += HOUR
    assert world.wishes.noted == {}


def test_a_repair_that_is_refused_is_said():
    """As an SCP would: reading is allowed, writing is not."""
    world = right()
    world.s3.documents["site"] = {}

    def refuse(bucket, document, *, validate):
        raise UnsettledError("an explicit deny in a service control policy")

    world.s3.write = refuse
    line = world.line()
    assert (line.state, line.not_repaired) == ("lost", "an explicit deny in a service control policy")


def test_a_bucket_that_sends_though_nobody_told_is_learned_and_then_watched():
    """What 0.1.0 connected by hand, or Terraform."""
    old = {"QueueConfigurations": [OWNER.entry(QUEUE.arn, KeyFilter("docs/"))]}
    world = World(site=copy.deepcopy(old), sent=["site", "elsewhere"], elsewhere={})
    summary = world.round()
    assert (summary.learned, [each.state for each in summary.buckets]) == (["site"], ["works"])
    (wish,) = world.wishes.all()
    assert (wish.road, wish.maker, wish.keys) == (Road.QUEUE, Maker.PERSON, KeyFilter("docs/"))
    world.s3.documents["site"] = {}
    world.clock.time += HOUR
    line = world.line()
    assert (line.state, line.found.fix) == ("lost", "invalidator bucket connect site --prefix 'docs/'")


def test_what_the_time_is_not_enough_for_comes_first_in_the_next_round():
    wishes = [replace(DIRECT, bucket=f"b{n}") for n in range(4)]
    world = World(*wishes, **{f"b{n}": copy.deepcopy(OURS) for n in range(4)})
    slow(world)
    first = world.round(100)
    assert ([each.found.bucket for each in first.buckets], first.passed_over) == (["b0", "b1", "b2"], ["b3"])
    assert first.as_json()["outcome"] == "partial"
    assert world.round(50).buckets[0].found.bucket == "b3"


def test_the_answer_names_all_that_check_and_status_show():
    world = right()
    world.s3.documents["site"] = {}
    told = world.round().as_json()
    assert told["buckets"] == [
        {
            "bucket": "site",
            "road": "parameter Buckets",
            "wrong": ("its notification holds no entry to the queue any more; it is empty now",),
            "fix": "invalidator check --repair",
            "unknown": "",
            "state": "repaired",
            "repaired": True,
            "not_repaired": "",
            "right": world.clock.now() - HOUR,
            "since": world.clock.now(),
            "losses": 1,
            "by": "",
            "gap": GapState.WAITS,
        }
    ]
    assert {name: told[name] for name in ("outcome", "lost", "repaired", "unknown")} == {
        "outcome": "complete",
        "lost": 0,
        "repaired": 1,
        "unknown": 0,
    }


def test_two_stacks_on_one_bucket_are_each_repaired_and_leave_the_other_s_entry():
    other = Owner("second", (OTHER_QUEUE.arn,))
    theirs = {"QueueConfigurations": [other.entry(OTHER_QUEUE.arn, KeyFilter("docs/"))]}
    wish = replace(DIRECT, keys=KeyFilter("img/"))
    world = World(wish, site=copy.deepcopy(theirs))
    assert world.line().state == "repaired"
    assert same(foreign_part(world.s3.documents["site"], OWNER), theirs)
    assert len(world.own()) == 1


def test_a_second_stack_that_took_the_same_keys_is_named_and_not_fought():
    other = Owner("second", (OTHER_QUEUE.arn,))
    theirs = {"QueueConfigurations": [other.entry(OTHER_QUEUE.arn, KeyFilter())]}
    world = World(DIRECT, site=copy.deepcopy(theirs))
    line = world.line()
    assert (line.state, world.s3.writes) == ("lost", [])
    assert "overlap: queue entry 'cloudfront-invalidator-second'" in line.not_repaired


def test_a_bucket_that_moved_to_another_account_is_told():
    world = right()

    def moved(bucket):
        raise UnreachableError(f"bucket {bucket!r} is not of account 123456789012, the queue's")

    world.s3.read = moved
    line = world.line()
    assert (line.state, line.found.wrong) == (
        "lost",
        ("bucket 'site' is not of account 123456789012, the queue's",),
    )
    assert line.not_repaired
    assert world.s3.writes == []


def test_a_connection_by_hand_that_did_not_last_is_no_end_of_the_gap():
    """It noted the gap up to then; what was written after it, somebody must cover too."""
    world = right(repairs=Repairs.NO)
    ours = copy.deepcopy(world.s3.documents["site"])
    world.s3.documents["site"] = copy.deepcopy(TERRAFORM)
    assert world.line().state == "lost"
    world.clock.time += 600
    world.wishes.note_gap("site", 0.0, world.clock.now(), "it was connected by hand")
    for _ in range(3):
        world.clock.time += HOUR
        assert world.line().state == "lost"
    world.s3.documents["site"] = ours
    world.clock.time += HOUR
    assert (world.line().state, world.line().gap) == ("works", GapState.WAITS)
    assert world.wishes.noted["site"].noted == world.clock.now()
