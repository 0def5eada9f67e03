"""Intake: what is acknowledged is pending or a dead letter; what is not stays on the queue and harms nobody."""

import json

from invalidator.core.pending.wakes import Rest, Wake
from invalidator.core.reasons import Reason
from invalidator.failures import TableUnavailable
from tests.notifications import direct
from tests.sender.world import World, distribution


def site():
    return World(distribution("E1", "site"), distribution("E2", "other"))


def message_of(world, key, bucket="site", **named):
    return world.message(direct(key, bucket=bucket, at=world.clock.now()), **named)


def test_a_batch_of_a_bucket_is_one_write_however_many_messages_say_it():
    world = site()
    world.take_in([message_of(world, f"{n}.html") for n in range(9)])
    assert world.table.calls == ["deal", "put", "wake"]


def test_a_second_batch_asks_for_no_second_wake():
    world = site()
    world.upload("a.html")
    world.upload("b.html")
    assert world.queues.sent_wakes == 1
    world.run_for(60)
    assert world.paths == [("/a.html", "/b.html")]


def test_behind_a_full_batch_the_queue_is_drained_and_what_was_drained_is_deleted():
    world = site()
    world.queues.changes = [message_of(world, f"more-{n}.html") for n in range(700)]
    done = world.take_in([message_of(world, f"{n}.html") for n in range(10)])
    assert done.messages == 710
    assert done.pending == {"site": 710}
    assert len(world.queues.deleted) == 700
    assert world.table.calls.count("put") == 1


def test_a_new_acl_is_pending_where_acl_changes_are_asked_for():
    world = site()
    acl = [world.message(direct("a.html", name="ObjectAcl:Put", at=world.clock.now()))]
    assert world.take_in(acl).pending == {}
    world.intake.acl_changes = True
    assert world.take_in(acl).pending == {"site": 1}


def test_a_small_batch_drains_nothing():
    world = site()
    world.queues.changes = [message_of(world, "more.html")]
    assert world.take_in([message_of(world, "a.html")]).messages == 1
    assert len(world.queues.changes) == 1


def test_while_the_table_is_away_messages_stay_and_drained_ones_are_not_deleted():
    world = site()
    world.table.down = True
    world.queues.changes = [message_of(world, f"more-{n}.html") for n in range(20)]
    batch = [message_of(world, f"{n}.html") for n in range(10)]
    done = world.take_in(batch)
    assert done.retry >= {message.id for message in batch}
    assert not world.queues.deleted
    assert not world.queues.letters
    assert "cannot be asked" in done.problems["site"]


def test_a_table_that_is_away_for_hours_makes_no_dead_letter_of_messages_received_often():
    world = site()
    world.table.down = True
    often = message_of(world, "a.html", receives=500)
    for _ in range(30):
        assert world.take_in([often]).retry == {often.id}
    world.table.down = False
    assert world.take_in([often]).retry == set()
    world.run_for(60)
    assert world.paths == [("/a.html",)]
    assert not world.queues.letters


def test_a_message_that_breaks_the_function_is_given_up_after_its_tries():
    world = site()
    often = message_of(world, "a.html", receives=9)
    for _ in range(10):
        world.memory.count_try(often.id)  # ten runs that counted, and died
    done = world.take_in([often])
    assert [(letter[0], letter[2]) for letter in world.queues.letters] == [(often.id, Reason.UNFINISHED)]
    assert [(message, problem.reason) for message, problem in done.given_up] == [(often, Reason.UNFINISHED)]
    assert done.pending == {}


def test_what_breaks_the_function_and_cannot_be_handed_over_stays_and_is_not_called_given_up():
    world = site()
    often = message_of(world, "a.html", receives=9)
    for _ in range(10):
        world.memory.count_try(often.id)
    world.queues.down = {"dead letters"}
    done = world.take_in([often])
    assert (done.retry, done.given_up) == ({often.id}, [])


def test_the_last_of_its_tries_is_a_try():
    world = site()
    often = message_of(world, "a.html", receives=9)
    for _ in range(9):
        world.memory.count_try(often.id)
    assert world.take_in([often]).pending == {"site": 1}
    assert not world.queues.letters


def test_what_waits_is_as_old_as_its_first_change_and_not_as_its_message():
    world = site()
    changed = world.clock.now() - 300
    world.take_in([world.message(direct("a.html", at=at)) for at in (changed + 200, changed)])
    assert world.sweep().oldest == changed


def test_a_bucket_whose_log_cannot_be_written_holds_up_no_other():
    world = site()
    put = world.memory.put

    def refusing(owner, number, entry):
        if owner == "bucket:site":
            world.table.down = {"put"}
        return put(owner, number, entry)

    world.memory.put = refusing
    bad, good = message_of(world, "a.html", "site"), message_of(world, "b.html", "other")
    world.table.down = False
    first = world.take_in([good])
    world.table.down = {"put"}
    second = world.take_in([bad])
    assert first.retry == set()
    assert second.retry == {bad.id}


def test_a_message_of_two_buckets_stays_when_one_of_them_failed():
    world = site()
    records = [
        json.loads(direct(key, bucket=bucket, at=world.clock.now()))["Records"][0]
        for key, bucket in (("a.html", "site"), ("b.html", "other"))
    ]
    both = world.message(json.dumps({"Records": records}))
    deal = world.memory.deal
    world.memory.deal = lambda owner: (
        (_ for _ in ()).throw(_unavailable()) if owner == "bucket:site" else deal(owner)
    )
    done = world.take_in([both])
    assert done.retry == {both.id}
    assert done.pending == {"other": 1}


def _unavailable():
    return TableUnavailable("throttled")


def test_changes_are_not_acknowledged_when_nobody_could_be_woken():
    world = site()
    world.table.down = {"wake"}
    change = message_of(world, "a.html")
    assert world.take_in([change]).retry == {change.id}


def test_a_wake_queue_that_refuses_delays_until_the_sweep():
    world = site()
    world.queues.down = {"wakes"}
    change = message_of(world, "a.html")
    assert world.take_in([change]).retry == set()
    world.queues.down = set()
    world.run_for(180)
    assert world.paths == [("/a.html",)]


def test_what_cannot_be_read_goes_to_the_dead_letter_queue_or_stays_when_that_cannot_be_asked():
    world = site()
    junk = world.message("no json")
    done = world.take_in([junk])
    assert [(letter[1], letter[2]) for letter in world.queues.letters] == [("no json", Reason.NOT_JSON)]
    assert [message for message, _ in done.given_up] == [junk]
    world.queues.down = {"dead letters"}
    done = world.take_in([junk])
    assert (done.retry, done.given_up) == ({junk.id}, [])


def test_very_long_keys_are_written_in_parts_that_fit_an_item():
    world = site()
    done = world.take_in([message_of(world, f"{n:0>1000}") for n in range(600)])
    assert done.pending == {"site": 600}
    assert world.table.calls.count("put") >= 3
    world.run_for(60)
    assert len({path for paths in world.paths for path in paths}) >= 1
    assert world.sweep().waiting == 0


def test_keys_of_an_old_compact_message_take_the_same_way():
    world = site()
    at = world.clock.now() - 60
    body = json.dumps({"invalidator": 1, "bucket": "site", "keys": {"a+b.html": at}, "attempts": 3})
    world.take_in([world.message(body)])
    world.run_for(60)
    assert world.paths == [("/a%20b.html", "/a+b.html")]


def test_the_message_of_a_target_that_rests_comes_when_the_rest_is_over():
    world = site()
    now = world.clock.now()
    world.memory.begin("target:E1", now, now + 40, "t")
    world.memory.end("target:E1", "t", Wake("target:E1", rest=Rest(8.0, now + 8)))
    world.upload("a.html")
    assert [at for at, _, _ in world.queues.wakes] == [now + 8]
