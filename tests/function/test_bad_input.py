"""What was edited by hand, what another version wrote, what cannot have happened when it says: a line names it."""

import logging
import time
from dataclasses import replace

import pytest

from invalidator.aws.table.accounts import calls_key, read_spending, spending_key
from invalidator.aws.table.dynamodb import DynamoDbTable
from invalidator.aws.table.logs import entry_key, head_key
from invalidator.aws.table.routes import RoutesTable, routes_item, routes_key
from invalidator.aws.table.targets import state_item, state_key
from invalidator.aws.table.wakes import wake_key
from invalidator.core.limits.budget import day_of
from invalidator.core.target_state import TargetState
from tests.function.deployed import TABLE
from tests.function.wired import WiredWorker, wired_worker
from tests.notifications import direct, stamp
from tests.wire_faults import Fault
from tests.wire_happenings import error_response

HOUR = 3600.0
# Of the spending: neither today nor yesterday.
DAY_BEFORE = f"day{day_of(time.time() - 2 * 86_400)}"
SITE_LOG = "bucket:site"


@pytest.fixture(scope="module")
def wired():
    with wired_worker() as worker:
        yield worker, worker.deployed.distribution("site")


@pytest.fixture
def world(wired) -> WiredWorker:
    worker, site = wired
    worker.forget()
    worker.deployed.serve("site", site)
    return worker


@pytest.fixture
def site(wired) -> str:
    return wired[1]


def upload(world, key="a.html", ago=60.0):
    return world.take_in(direct(key, at=world.clock.now() - ago))


def edit(world, key, **attributes):
    """Change attributes of an item by hand."""
    found = world.deployed.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", key)
    world.deployed.dynamodb.put_item(TableName=TABLE, Item=found | attributes)


@pytest.mark.parametrize(
    "attributes", [{"v": {"N": "9"}}, {"packed": {"S": "mine"}}, {"written": {"S": "today"}}]
)
def test_an_entry_of_another_version_or_edited_by_hand_is_covered_by_a_wildcard(world, site, attributes):
    upload(world)
    edit(world, entry_key(SITE_LOG, 1), **attributes)
    world.go_on()
    assert world.deployed.invalidated(site) == [("/*",)]
    (line,) = world.logged("nobody can tell what changed")
    assert line["distribution"] == site
    assert "entry 1 in the log of bucket:site" in line["detail"]


def test_an_unreadable_entry_of_the_unknown_ones_is_told_and_ends(world):
    world.forget()
    world.deployed.serve("other")
    upload(world)
    edit(world, entry_key("unknown", 1), v={"N": "9"})
    world.go_on()
    (line,) = world.logged("nobody can tell what changed")
    assert "entry 1 in the log of unknown" in line["detail"]


def test_a_wake_with_nothing_pending_says_so(world, site):
    body = f'{{"invalidator": 2, "wake": "target:{site}"}}'
    assert world.look(body) == []
    assert world.logged("nothing is pending")[0]["distribution"] == site


@pytest.mark.parametrize("attributes", [{"v": {"N": "9"}}, {"state": {"N": "1"}}, {"v": {"S": "x"}}])
def test_a_state_edited_by_hand_costs_a_path_at_most_and_is_named(world, site, attributes, caplog):
    upload(world)
    world.go_on()
    edit(world, state_key(site), **attributes)
    with caplog.at_level(logging.WARNING):
        upload(world, "b.html")
        world.go_on()
    assert "/b.html" in world.deployed.invalidated(site)[0]
    assert f"target#{site} state cannot be read" in caplog.text


@pytest.mark.parametrize(
    "attributes",
    [
        {"due": {"S": "soon"}},
        {"lease": {"S": "for ever"}},
        {"lease": {"N": "99999999999"}, "token": {"S": "nobody"}},
        {"due": {"N": "99999999999"}},
        {"since": {"S": "always"}, "called": {"BOOL": True}},
        {"rest": {"S": "x"}, "rest_until": {"N": "99999999999"}, "waiting": {"S": "x"}, "reason": {"N": "1"}},
    ],
    ids=str,
)
def test_a_wake_edited_by_hand_stops_nothing_and_is_named(world, site, attributes, caplog):
    upload(world)
    world.deployed.take("wakes")
    edit(world, wake_key(f"target:{site}"), **attributes)
    with caplog.at_level(logging.WARNING):
        world.sweep()
        world.go_on()
    key = wake_key(f"target:{site}")
    assert f"{key['pk']['S']} target:{site}: {next(iter(attributes))}" in caplog.text
    assert world.deployed.invalidated(site) == [("/a.html",)]


@pytest.mark.parametrize("name", ["gap", "learned", "last_call", "dealt", "served", "refused_target"])
def test_a_queue_of_calls_edited_by_hand_counts_as_new_and_is_named(world, site, name, caplog):
    edit(world, calls_key("self"), **{name: {"BOOL": True}})
    with caplog.at_level(logging.WARNING):
        upload(world)
        world.go_on()
        assert caplog.text.count("account#self calls cannot be read") in {2, 3}, "and put right"
        caplog.clear()
        upload(world, "b.html")
        world.go_on()
    assert world.deployed.invalidated(site) == [("/b.html",), ("/a.html",)]
    assert "account#self calls" not in caplog.text


@pytest.mark.parametrize(
    ("attributes", "month"),
    [
        ({"paths_sent": {"S": "few"}}, 31),
        ({"paths_sent": {"N": "-1000000"}}, 31),
        ({"paths_sent": {"N": "5000.5"}}, 5002),
        ({"paths_sent": {"N": "12"}, DAY_BEFORE: {"BOOL": True}}, 31),
    ],
    ids=str,
)
def test_spending_that_cannot_be_is_named_once_and_put_right_by_its_days_before_more_is_spent(
    world, site, attributes, month
):
    """Counted on, no budget and no limit would hold."""
    now = world.clock.now()
    key = spending_key("self", now)
    edit(world, key, **{"paths_sent": {"N": "30"}, f"day{day_of(now - 86_400)}": {"N": "30"}} | attributes)
    upload(world)
    world.go_on()
    upload(world, "b.html")
    world.go_on()
    assert world.deployed.invalidated(site) == [("/b.html",), ("/a.html",)]
    lines = world.logged("the table said what cannot be")
    assert lines
    assert all(line["detail"].startswith("account#self spending: ") for line in lines)
    assert len(lines) == len(attributes), "once for each that cannot be"
    item = world.deployed.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    assert item["paths_sent"] == {"N": str(month + 1)}
    assert read_spending(item, now).mended == ()


def test_a_head_edited_by_hand_holds_up_its_bucket_alone(world, site):
    world.deployed.serve("broken", site)
    edit(world, head_key("bucket:broken"), seq={"S": "one"})
    bad, good = direct("b.html", bucket="broken"), direct("a.html", at=world.clock.now() - 60)
    assert world.take_in(bad, good) == [bad]
    (line,) = world.logged("changes stay on the queue")
    assert line["about"] == "broken"
    assert "log#bucket:broken head" in line["detail"]


def test_a_head_that_was_set_back_deals_on_after_what_stands_and_is_named(world, site, caplog):
    for n in range(30):
        upload(world, f"{n}.html")
    world.go_on()
    edit(world, head_key(SITE_LOG), seq={"N": "4"})
    with caplog.at_level(logging.WARNING):
        assert upload(world, "new.html") == []
        world.go_on()
    assert world.deployed.invalidated(site)[0] == ("/new.html",)
    assert f"log#{SITE_LOG} head: seq is 7, and entry 30 stands: it goes on from there" in caplog.text


@pytest.mark.parametrize("written", [{"N": "1000.0"}, {"S": "x"}])
def test_an_entry_whose_time_was_edited_is_sent_again_by_another_routing_and_is_named(
    world, site, written, caplog
):
    began = world.clock.now()
    for name in ("x/0.html", "x/1.html", "x/2.html"):
        upload(world, name, ago=1.0)
        world.go_on()
        world.clock.sleep(1500)
    edit(world, entry_key(SITE_LOG, 2), written=written)
    store = RoutesTable(DynamoDbTable(world.deployed.dynamodb, TABLE))
    known = store.routes_of(site)
    assert known is not None
    (route,) = known[0].routes
    moved = replace(route, origins=(replace(route.origins[0], path="/x"),))
    store.store_routes(replace(known[0], routes=(moved,), version="2", reroute_since=began - 5))
    with caplog.at_level(logging.WARNING):
        world.go_on(wakes=[f'{{"invalidator": 2, "wake": "target:{site}"}}'])
    sent = {path for paths in world.deployed.invalidated(site) for path in paths}
    assert "/*" in sent or {"/0.html", "/1.html", "/2.html"} <= sent
    assert f"log#{SITE_LOG} n#{2:015d}" in caplog.text or world.logged("nobody can tell what changed")


@pytest.mark.parametrize("into", ["off", "another's"])
def test_routing_edited_into_another_is_not_followed_until_a_survey_mends_it_and_is_named(world, site, into):
    """It reads well, and says that the target serves nothing, or that its changes are another's."""
    known = RoutesTable(DynamoDbTable(world.deployed.dynamodb, TABLE)).routes_of(site)
    assert known is not None
    routes, seen = known
    off = replace(routes, routes=(replace(routes.routes[0], enabled=False),))
    other = replace(off, routes=routes.routes, target="EOTHER") if into == "another's" else off
    attributes = routes_item(other, seen)
    wrong = {"routes": attributes["routes"]} | ({"digest": attributes["digest"]} if other is not off else {})
    edit(world, routes_key(site), **wrong)
    upload(world)
    wakes = world.look(*world.deployed.take("wakes"))
    (line,) = world.logged("the table said what cannot be")
    assert line["distribution"] == site
    assert line["detail"].startswith(f"the routing of {site} in the table cannot be read: somebody edited it")
    world.deployed.serve("site", site)
    world.go_on(wakes=wakes)
    assert world.deployed.invalidated(site) == [("/a.html",)]


@pytest.mark.parametrize("sort_key", ["todo", "n#abc"])
def test_an_item_of_somebody_elses_in_a_log_holds_up_nobody_and_is_named(world, site, sort_key, caplog):
    world.deployed.dynamodb.put_item(
        TableName=TABLE, Item={"pk": {"S": f"log#{SITE_LOG}"}, "sk": {"S": sort_key}}
    )
    with caplog.at_level(logging.WARNING):
        upload(world)
        world.go_on()
    assert world.deployed.invalidated(site) == [("/a.html",)]
    assert f"log#{SITE_LOG} {sort_key} is no entry of a log" in caplog.text


@pytest.mark.parametrize("named", [["EOTHER"], []])
def test_a_head_that_names_other_targets_leaves_none_out_and_is_named(world, site, named, caplog):
    """It reads well; a target that is left out would never be woken."""
    edit(world, head_key(SITE_LOG), targets={"L": [{"S": each} for each in named]})
    with caplog.at_level(logging.WARNING):
        upload(world)
        world.go_on()
    assert world.deployed.invalidated(site) == [("/a.html",)]
    assert "log#bucket:site head: targets are not as they were written" in caplog.text


def test_a_head_of_its_own_log_edited_by_hand_holds_up_no_target_and_is_named(world, site, caplog):
    edit(world, head_key(f"target:{site}"), seq={"S": "one"})
    with caplog.at_level(logging.WARNING):
        upload(world)
        world.go_on()
    assert world.deployed.invalidated(site) == [("/a.html",)]
    assert f"log#target:{site} head: seq is" in caplog.text
    edit(world, head_key(f"target:{site}"), seq={"N": "-3"})
    edit(world, state_key(site), **state_item(site, TargetState(settled={f"target:{site}": 2})))
    upload(world, "b.html")
    world.go_on()
    assert "/b.html" in world.deployed.invalidated(site)[0]
    (line,) = world.logged("the table said what cannot be")
    assert line["distribution"] == site
    assert f"log#target:{site} head: seq is" in line["detail"]


def test_a_number_that_the_log_never_dealt_settles_nothing_and_is_named(world, site):
    """It would hide every later change, without a trace."""
    edit(world, state_key(site), **state_item(site, TargetState(settled={SITE_LOG: 999})))
    upload(world)
    world.go_on()
    assert world.deployed.invalidated(site) == [("/a.html",)]
    (line,) = world.logged("the table said what cannot be")
    assert (
        line["detail"]
        == f"the log of {SITE_LOG}: 999 is settled, and 1 was dealt last: it is read from its beginning"
    )
    assert line["distribution"] == site


@pytest.mark.parametrize("ago", [-HOUR, 10 * HOUR, 20_000 * 86_400.0], ids=["to come", "long ago", "1971"])
def test_a_change_whose_time_cannot_be_is_sent_whatever_was_sent_before_and_told(world, site, ago):
    upload(world)
    world.go_on()
    world.lines.clear()
    # Whatever clock stamped it: what was sent since the time that it names would seem to cover it.
    upload(world, "a.html", ago)
    world.go_on()
    assert world.deployed.invalidated(site)[0] == ("/a.html",)
    assert len(world.deployed.invalidated(site)) == 2
    (line,) = world.logged("changes whose eventTime cannot be")
    assert line["count"] == 1


@pytest.mark.parametrize(
    "ago", [600.0, 0.0, -2.0], ids=["late", "at once", "a clock that is ahead by a little"]
)
def test_a_believable_time_is_no_line(world, ago):
    upload(world, ago=ago)
    assert world.logged("changes whose eventTime cannot be") == []
    assert stamp(0.0).startswith("1970")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ProvisionedThroughputExceededException"])
def test_a_table_that_is_gone_or_throttled_for_an_hour_loses_nothing_and_is_named_each_time(
    world, site, code
):
    upload(world, "before.html")
    wakes = world.deployed.take("wakes")
    sent, body = world.clock.now(), direct("meanwhile.html", at=world.clock.now() - 60)
    end = Fault(error_response("json", 400, code, "no answer")).strike(world.client("dynamodb"))
    try:
        for minute in range(60):
            assert world.take_in(body, sent=sent, receives=minute + 1) == [body]
            wakes = world.look(*wakes)
            assert len(wakes) == 1
            world.clock.sleep(60)
    finally:
        end()
    assert world.deployed.dead() == []
    for message in ("changes stay on the queue", "a wake is tried again"):
        lines = world.logged(message)
        assert len(lines) == 60
        assert all(code in line["detail"] for line in lines)
    world.go_on([body], wakes)
    sent_paths = {path for paths in world.deployed.invalidated(site) for path in paths}
    assert sent_paths == {"/before.html", "/meanwhile.html"}
    assert world.deployed.dead() == []


def test_a_clock_that_is_ten_minutes_off_is_named_by_aws_that_takes_no_such_signature(world, site):
    """AWS takes a request within five minutes of its signature [IAM user guide, Signature Version 4]."""
    told = "Signature expired: 20261126T120000Z is now earlier than 20261126T120500Z"
    body = direct("a.html", at=world.clock.now() - 60)
    end = Fault(error_response("json", 400, "InvalidSignatureException", told)).strike(
        world.client("dynamodb")
    )
    assert world.take_in(body) == [body]
    end()
    assert told in world.logged("changes stay on the queue")[0]["detail"]
    assert world.take_in(body) == []
    end = Fault(error_response("rest-xml", 403, "SignatureDoesNotMatch", told)).strike(
        world.client("cloudfront"), "CreateInvalidation"
    )
    wakes = world.look(*world.deployed.take("wakes"))
    end()
    (line,) = world.logged("paths wait")
    assert told in line["reason"]
    world.go_on(wakes=wakes)
    assert world.deployed.invalidated(site) == [("/a.html",)]
    assert world.deployed.dead() == []


def test_what_cloudfront_accepted_is_told_and_counted_though_the_table_fails_right_after(world, site, capsys):
    """Paths that are paid for and seen in no metric would be found on the bill."""
    upload(world)
    fault = Fault(
        error_response("json", 400, "ProvisionedThroughputExceededException"),
        meets=lambda text: '"sent#' in text,
    )
    end = fault.strike(world.client("dynamodb"), "PutItem")
    try:
        wakes = world.look(*world.deployed.take("wakes"))
    finally:
        end()
    assert fault.struck
    assert len(wakes) == 1
    assert [line["paths"] for line in world.logged("invalidation created")] == [1]
    assert '"PathsSent":[1.0]' in capsys.readouterr().out.replace(" ", "")
