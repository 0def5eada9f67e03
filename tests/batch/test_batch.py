"""A batch of notifications becomes one invalidation a distribution, and nothing is sent or paid twice."""

from dataclasses import replace
from urllib.parse import unquote

import pytest

from invalidator.core.messages.backlog import PathBacklog, bodies
from invalidator.core.reasons import Reason
from invalidator.failures import BackPressure, Permanent, Transient
from tests.batch.world import World, distribution
from tests.notifications import TEST_EVENT, direct, through_eventbridge, through_sns

SITE = distribution("E1", "site")
DOCS = distribution("E2", "site", path="/docs")
DENIED = Permanent("AccessDenied: not authorized", Reason.ACCESS_DENIED)


def test_four_thousand_notifications_of_one_distribution_are_one_call():
    world = World(SITE)
    report = world.handle(world.upload(*(f"dir{n % 40}/{n}.html" for n in range(4000))))
    assert len(world.cloudfront.asked) == 1
    assert report.retry == set()
    assert not world.queue.put_backs
    assert not world.queue.given_up


def test_few_keys_are_sent_exactly():
    world = World(SITE, DOCS)
    world.handle(world.upload("docs/a.html", "index.html"))
    assert world.cloudfront.paid_by("E1") == [("/docs/a.html", "/index.html")]
    assert world.cloudfront.paid_by("E2") == [("/a.html",)]


def test_a_change_by_any_road_is_the_same_invalidation():
    world = World(SITE)
    keys = ["a b", "c+d", "50%", "🎉"]
    messages = [
        world.message(road(key)) for key in keys for road in (direct, through_sns, through_eventbridge)
    ]
    world.handle(messages)
    (paths,) = world.cloudfront.paid_by("E1")
    assert {unquote(path) for path in paths} == {"/50%", "/🎉", "/a b", "/a+b", "/c+d"}


def test_the_same_batch_delivered_twice_sends_nothing():
    world = World(SITE)
    batch = world.upload("a", "b")
    world.handle(batch)
    for later in (0.0, 2.0, 400.0):
        world.wait(later)
        report = world.handle(batch)
        assert report.retry == set()
    assert len(world.cloudfront.asked) == 1
    assert world.memory.table.recall((), "self", world.clock.now())[1].spending.month == 2


def test_the_same_batch_in_another_order_sends_nothing():
    world = World(SITE)
    batch = world.upload("a", "b", "c")
    world.handle(batch)
    world.handle(batch[::-1] + batch)
    assert len(world.cloudfront.asked) == 1


def test_the_same_batch_is_free_even_when_the_table_has_forgotten_it():
    world = World(SITE)
    batch = world.upload("a", "b")
    world.handle(batch)
    world.memory.table.sent.clear()
    world.handle(batch[::-1])
    assert len({each.reference for each in world.cloudfront.asked}) == 1
    assert len(world.cloudfront.paid) == 1


def test_an_answer_that_was_lost_is_not_paid_twice():
    world = World(SITE)
    world.cloudfront.lose_answers = 1
    world.handle(world.upload("a", "b"))
    assert world.run_until_quiet(3) == 1
    assert len(world.cloudfront.paid) == 1
    assert world.memory.table.sent["E1"]


def test_an_earlier_invalidation_that_cloudfront_does_not_name_is_not_counted_as_spent():
    """It says that the reference was used before, and no more: paid then, and nothing to date it by."""
    world = World(SITE)
    sent = world.cloudfront.create
    world.cloudfront.create = lambda request, role: replace(sent(request, role), id="", created=0.0)
    report = world.handle(world.upload("a", "b"))
    assert [(outcome.covered, outcome.sent) for _, outcome in report.outcomes] == [(2, [])]
    assert report.paths_this_month == 0
    assert not world.memory.table.sent.get("E1")


def test_a_new_upload_of_the_same_key_is_invalidated_again():
    world = World(SITE)
    world.handle(world.upload("a"))
    for seconds in (0.001, 1.0, 60.0):
        world.wait(seconds)
        world.handle(world.upload("a"))
    assert world.cloudfront.paid_by("E1") == [("/a",)] * 4


def test_a_late_notification_behind_a_wildcard_costs_nothing():
    world = World(SITE)
    changed = world.clock.now()
    world.wait(10.0)
    world.handle([world.message(b) for b in bodies(PathBacklog("E1", ("site",), {"/img/*": changed}))])
    report = world.handle(world.upload("img/late.png", at=changed + 1))
    assert len(world.cloudfront.asked) == 1
    assert [outcome.covered for _, outcome in report.outcomes] == [1]


def test_a_notification_within_the_clock_margin_is_sent():
    world = World(SITE)
    world.handle(world.upload("a", "b"))
    report = world.handle(world.upload("a", at=world.clock.now() - 1.0))
    assert [outcome.covered for _, outcome in report.outcomes] == [0]
    assert len(world.cloudfront.paid) == 2


@pytest.mark.parametrize(
    "answer",
    [
        DENIED,
        Permanent("NoSuchDistribution", Reason.DISTRIBUTION_GONE),
        Permanent("role", Reason.ROLE_REFUSED),
        Transient("ServiceUnavailable"),
        BackPressure("TooManyInvalidationsInProgress", too_large=True),
        BackPressure("Throttling", too_large=False),
    ],
    ids=lambda answer: str(answer).partition(":")[0],
)
def test_one_distributions_failure_neither_blocks_nor_resends_anothers(answer):
    world = World(*(distribution(f"E{n}", "site") for n in range(1, 4)))
    world.cloudfront.answers["E2"] = answer
    batch = world.upload("a", "b")
    assert world.handle(batch).retry == set()
    world.handle(batch)
    for _ in range(3):
        world.handle(world.waiting())
    for other in ("E1", "E3"):
        assert sorted(path for paths in world.cloudfront.paid_by(other) for path in paths) == ["/a", "/b"]
        asked = [path for each in world.cloudfront.asked if each.distribution == other for path in each.paths]
        assert sorted(asked) == ["/a", "/b"]
    assert world.cloudfront.paid_by("E2") == []


def test_a_mixed_batch_fails_only_what_is_broken_and_what_is_denied():
    world = World(distribution("E1", "site"), distribution("E2", "secret"))
    world.cloudfront.answers["E2"] = DENIED
    report = world.handle(
        [
            *world.upload("a", "b"),
            world.message(TEST_EVENT),
            broken := world.message("{"),
            *world.upload("c", bucket="unserved"),
            *world.upload("d", bucket="secret"),
        ]
    )
    assert world.cloudfront.paid_by("E1") == [("/a", "/b")]
    assert report.retry == set()
    assert report.inbox.tests == 1
    assert report.work.unserved == {"unserved": 1}
    (what, reason, _), (backlog, why, detail) = world.queue.given_up
    assert (what, reason) == (broken, Reason.NOT_JSON)
    assert (backlog.distribution, set(backlog.paths), why) == ("E2", {"/d"}, Reason.ACCESS_DENIED)
    assert "not authorized" in detail


def test_an_empty_batch_and_one_of_test_events_ask_nobody():
    world = World(SITE)
    world.memory.down = True
    for batch in ([], [world.message(TEST_EVENT)], [world.message(direct("a", name="ObjectTagging:Put"))]):
        assert world.handle(batch).retry == set()
    assert (world.discovery.scans, world.cloudfront.asked) == (0, [])


def test_an_account_without_distributions_has_nothing_to_do_and_remembers_that():
    world = World()
    for _ in range(3):
        assert world.handle(world.upload("a")).work.unserved == {"site": 1}
    assert world.discovery.scans == 1


def test_a_bucket_whose_name_begins_anothers_is_not_invalidated_for_it():
    world = World(distribution("E1", "foo"), distribution("E2", "foo-bar"))
    world.handle(world.upload("a", bucket="foo-bar"))
    assert [each.distribution for each in world.cloudfront.asked] == ["E2"]


def test_what_can_be_read_of_a_message_is_sent_though_the_rest_is_given_up():
    world = World(SITE)
    body = direct("a", "").replace("\n", "")
    report = world.handle([world.message(body)])
    assert world.cloudfront.paid_by("E1") == [("/a",)]
    assert [reason for _, reason, _ in world.queue.given_up] == [Reason.BAD_RECORD]
    assert report.retry == set()


def test_a_distribution_of_another_account_is_asked_with_its_role_and_has_its_own_books():
    role = "arn:aws:iam::222233334444:role/cdn"
    world = World(distribution("E1", "site"), distribution("E2", "site", role=role))
    report = world.handle(world.upload("a"))
    assert world.cloudfront.roles == [None, role]
    spending = {
        name: world.memory.table.recall((), name, world.clock.now())[1].spending.month
        for name in ("self", role)
    }
    assert spending == {"self": 1, role: 1}
    assert report.paths_this_month == 1


def test_keys_that_need_care_get_through():
    world = World(SITE)
    keys = ["x" * 1024, "line\nbreak", "tab\tand space", "a?b", "#tag", "star*", "caf\udce9"]
    report = world.handle(world.upload(*keys))
    assert report.retry == set()
    assert not world.queue.given_up
    (paths,) = world.cloudfront.paid_by("E1")
    assert len(paths) >= len(keys) - 1
