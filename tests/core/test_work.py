"""A batch's work is sorted by distribution; what nobody serves is counted, and nothing is lost on the way."""

from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.bucket_changes import by_bucket
from invalidator.core.messages.backlog import KeyBacklog, PathBacklog
from invalidator.core.messages.change import Change
from invalidator.core.routing.settings import RoutingSettings
from invalidator.core.work import Work, sort_by_distribution
from tests.batch.world import distribution

T = 1_000_000.0


def sort(changes=(), *, keys=(), paths=(), serving):
    return sort_by_distribution(by_bucket(changes, keys), paths, serving, RoutingSettings())


def test_each_distribution_of_a_bucket_gets_every_key_it_serves():
    batch = sort(
        [("m1", [Change("site", "docs/a", T)]), ("m2", [Change("site", "b", T)])],
        serving={"site": [distribution("E1", "site"), distribution("E2", "site", path="/docs")]},
    )
    assert batch.by_distribution["E1"].paths == {"/docs/a": T, "/b": T}
    assert batch.by_distribution["E2"].paths == {"/a": T}
    assert batch.unserved == {}


def test_a_distribution_of_several_buckets_gets_one_work():
    both = distribution("E1", "site", "media")
    batch = sort(
        [("m1", [Change("site", "a", T)]), ("m2", [Change("media", "b", T)])],
        serving={"site": [both], "media": [both]},
    )
    (work,) = batch.by_distribution.values()
    assert (work.paths, work.buckets, set(work.messages)) == (
        {"/a": T, "/b": T},
        {"site", "media"},
        {"m1", "m2"},
    )


def test_a_bucket_whose_name_begins_another_is_another():
    serving = {
        "foo": [distribution("E1", "foo")],
        "foo-bar": [distribution("E2", "foo-bar")],
        "a.foo": [distribution("E3", "a.foo")],
        "fo": (),
    }
    changes = [(f"m-{name}", [Change(name, f"{name}.txt", T)]) for name in serving]
    batch = sort(changes, serving=serving)
    assert {name: dict(work.paths) for name, work in batch.by_distribution.items()} == {
        "E1": {"/foo.txt": T},
        "E2": {"/foo-bar.txt": T},
        "E3": {"/a.foo.txt": T},
    }
    assert batch.unserved == {"fo": 1}


def test_of_several_changes_of_a_key_the_newest_counts_in_any_order():
    for times in ([T, T + 5, T + 1], [T + 5, T, T + 1]):
        changes = [(f"m{n}", [Change("site", "a", at)]) for n, at in enumerate(times)]
        assert sort(changes, serving={"site": [distribution("E1", "site")]}).by_distribution["E1"].paths == {
            "/a": T + 5
        }


def test_a_key_outside_every_origin_path_is_unserved():
    batch = sort(
        [("m1", [Change("site", "private/x", T), Change("site", "docs/a", T)])],
        serving={"site": [distribution("E1", "site", path="/docs")]},
    )
    assert batch.unserved == {"site": 1}
    assert batch.by_distribution["E1"].paths == {"/a": T}


def test_a_bucket_nobody_has_answered_for_is_left_alone():
    batch = sort([("m1", [Change("site", "a", T)])], serving={})
    assert (batch.by_distribution, batch.unserved) == ({}, {})


def test_what_was_put_back_merges_with_what_arrives_the_newest_time_and_the_most_attempts_count():
    batch = sort(
        [("m1", [Change("site", "a", T + 9), Change("site", "c", T)])],
        paths=[
            ("m2", PathBacklog("E1", ("site",), {"/a": T, "/b*": T + 1}, attempts=3)),
            ("m3", PathBacklog("E1", ("site", "old"), {"/b*": T + 2}, attempts=1)),
        ],
        serving={"site": [distribution("E1", "site")]},
    )
    work = batch.by_distribution["E1"]
    assert work.paths == {"/a": T + 9, "/c": T, "/b*": T + 2}
    assert work.attempts == 3
    assert work.buckets == {"site", "old"}
    assert set(work.messages) == {"m1", "m2", "m3"}


def test_keys_that_were_put_back_merge_too():
    buckets = by_bucket(
        [("m1", [Change("site", "a", T)])],
        [("m2", KeyBacklog("site", {"a": T + 1, "b": T}, attempts=2)), ("m3", KeyBacklog("other", {"c": T}))],
    )
    assert buckets["site"].keys == {"a": T + 1, "b": T}
    assert (buckets["site"].attempts, buckets["site"].messages) == (2, ["m1", "m2"])
    assert buckets["other"].keys == {"c": T}


def test_a_backlog_whose_distribution_serves_none_of_its_buckets_any_more_is_dropped():
    backlog = PathBacklog("E9", ("site",), {"/a": T})
    batch = sort(paths=[("m1", backlog)], serving={"site": [distribution("E1", "site")]})
    assert batch.dropped == [backlog]
    assert batch.by_distribution == {}


def test_one_bucket_that_still_leads_to_the_distribution_is_enough():
    backlog = PathBacklog("E1", ("gone", "site"), {"/a": T})
    batch = sort(paths=[("m1", backlog)], serving={"gone": (), "site": [distribution("E1", "site")]})
    assert batch.by_distribution["E1"].paths == {"/a": T}


def test_a_forged_backlog_of_a_hundred_thousand_buckets_is_one_work():
    names = tuple(f"b{n}" for n in range(100_000))
    backlog = PathBacklog("E1", (*names, "site"), {f"/{n}": T for n in range(20_000)})
    serving = dict.fromkeys(names, ()) | {"site": [distribution("E1", "site")]}
    work = sort(paths=[("m1", backlog)], serving=serving).by_distribution["E1"]
    assert len(work.paths) == 20_000
    assert work.messages == ["m1"]


@given(
    st.dictionaries(
        st.text("ab", min_size=1).map(lambda rest: "/" + rest), st.integers(0, 10**6), min_size=1
    ),
    st.randoms(use_true_random=False),
)
def test_the_same_work_is_known_again_by_its_content_whatever_its_order(paths, random):
    items = list(paths.items())
    random.shuffle(items)
    one, other = Work(distribution("E1", "b"), paths), Work(distribution("E1", "b"), dict(items))
    assert one.digest() == other.digest()
    path = items[0][0]
    assert Work(one.distribution, paths | {path: paths[path] + 0.001}).digest() != one.digest()
    assert Work(one.distribution, paths | {"/c": 1}).digest() != one.digest()
