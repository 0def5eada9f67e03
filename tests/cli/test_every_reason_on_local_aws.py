"""Every reason to give up, on one deployed stack with IAM enforced: made, found, mended, redriven, fresh.

The deployed worker, or its queue's redrive policy, writes each dead letter itself, by a real cause; but for the one
that only version 0.1.0 wrote. All failures stand at once, as a bad night leaves them: first everything is broken, then
everything is explained, then everything is mended.
"""

import contextlib
import io
import time
from dataclasses import dataclass
from typing import Any

import pytest

from infra.cli.main import main
from infra.demo.proof import Uncovered, uncovered
from infra.local.aws import local_aws
from invalidator.core.reasons import FIX, Reason
from tests.cli.broken_worker import PATIENCE, PAUSED, SETTINGS, STORIES, SUBSCRIBED, Desk, Stale
from tests.cli.conftest import Answer
from tests.system import site
from tests.system.conftest import NO_QUOTAS
from tests.system.stack import all_fresh, until

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.soak("minutes, of which most are waits"),
    pytest.mark.xdist_group("reasons"),
]

# How it stands, what is said to be wrong, and what to type or do about it.
EXPECTED = {
    Reason.NOT_JSON: ("unreadable", "not JSON", "purge"),
    Reason.NOT_A_NOTIFICATION: ("unreadable", "not an S3 notification", "purge"),
    Reason.SUBSCRIPTION_UNCONFIRMED: ("unreadable", "subscription confirmed", "SubscribeURL"),
    Reason.UNSUPPORTED_VERSION: ("unreadable", "major version", "make deploy"),
    Reason.BAD_RECORD: ("unreadable", "lacks its bucket or its key", "by hand"),
    Reason.ACCESS_DENIED: ("stale", "lacks cloudfront:CreateInvalidation on E", "CreateInvalidation"),
    Reason.DISTRIBUTION_GONE: ("stale", "does not exist", "route unpin"),
    Reason.PATH_REFUSED: ("stale", "this one path", "a wildcard above it"),
    Reason.ROLE_REFUSED: ("stale", "could not be assumed", "AssumableRoleArns"),
    Reason.MAPPING_DENIED: ("stale", "may not list distributions", "ListDistributions"),
    Reason.UNAVAILABLE: ("stale", "GiveUpHours", "dlq redrive"),
    Reason.UNFINISHED: ("stale", "crashed", "invalidator logs"),
}
# The local event source looks at its mapping once a second.
NOTICED = 3.0
PURGED = [reason for reason in Reason if "then purge" in FIX[reason]]
REDRIVEN = [reason for reason in Reason if reason not in PURGED]


def typed(*arguments):
    """Type a command and return what a person sees; the fixture of that name lives no longer than one test."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(arguments)
        except SystemExit as ended:
            return Answer(ended.code, out.getvalue(), err.getvalue())
    return Answer(0, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    buckets = (*(reason.value for reason in SUBSCRIBED), PAUSED)
    logs = tmp_path_factory.mktemp("logs")
    with (
        local_aws(quotas=NO_QUOTAS, enforce_iam=True, logs=logs) as aws,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name in ("AWS_PROFILE", "INVALIDATOR_STACK"):
            environment.delenv(name, raising=False)
        for name, value in aws.environment.items():
            environment.setenv(name, value)
        for bucket in buckets:
            site.make_bucket(aws, bucket)
        outputs = aws.deploy({**SETTINGS, "Buckets": ",".join(buckets)})
        yield Desk(aws, outputs, buckets, typed)


@dataclass(frozen=True)
class Night:
    """Everything failed, was explained, and mended.

    Attributes:
        stale: reason → what the failure left stale.
        stale_before: reason → how many changes were not covered before anything was mended.
        notes: what `dlq explain` could not ask, and why.
        explained: what `dlq explain` said before, by reason; `explained_again` after.
    """

    stale: dict[Reason, Stale]
    stale_before: dict[Reason, int]
    notes: list[str]
    explained: dict[str, Any]
    explained_again: dict[str, Any]


@pytest.fixture(scope="module")
def night(desk):
    with contextlib.ExitStack() as causes:
        stale = {}
        for together in STORIES:
            stale |= {reason: causes.enter_context(story(desk)) for reason, story in together.items()}
            desk.wait_for_dead_letters(len(stale))
        stale_before = {reason: len(each.left(desk.aws)) for reason, each in stale.items()}
        before = typed("dlq", "explain", "--json")
    after = typed("dlq", "explain", "--json")
    return Night(stale, stale_before, before.data["notes"], by_reason(before), by_reason(after))


@pytest.fixture(scope="module")
def morning(desk, night, tmp_path_factory):
    """What can be redriven is, the rest is purged: what these two commands printed."""
    redriven, purged = (
        [word for reason in reasons for word in ("--reason", reason.value)] for reasons in (REDRIVEN, PURGED)
    )
    copy = tmp_path_factory.mktemp("purged") / "letters.jsonl"
    return (
        typed("dlq", "redrive", *redriven, "--yes", "--json"),
        typed("dlq", "purge", *purged, "--export", str(copy), "--yes", "--json"),
    )


@pytest.mark.parametrize("reason", Reason)
def test_a_failure_is_found_with_what_is_wrong_and_the_fix(night, reason):
    group = night.explained[reason]
    state, wrong, fix = EXPECTED[reason]
    assert (group["count"], {each["state"] for each in group["letters"]}) == (1, {state})
    assert wrong in group["wrong"]
    assert fix in group["fix"]


def test_the_setting_that_the_function_cannot_start_with_is_named(night):
    (note,) = night.notes
    assert "MAX_PATHS" in note
    assert "make deploy" in note


def test_what_went_to_a_deleted_distribution_is_safe_to_purge_once_it_is_unpinned(night):
    (letter,) = night.explained_again[Reason.DISTRIBUTION_GONE]["letters"]
    assert letter["safe_to_purge"]


@pytest.mark.parametrize("reason", Reason)
def test_after_the_fix_what_was_stale_is_fresh(desk, night, morning, reason):
    """A message that nobody can read tells of no change; the pinned distribution is gone, the other never waited."""
    nothing_stale = {
        Reason.NOT_JSON,
        Reason.NOT_A_NOTIFICATION,
        Reason.SUBSCRIPTION_UNCONFIRMED,
        Reason.DISTRIBUTION_GONE,
    }
    assert night.stale_before[reason] == (0 if reason in nothing_stale else 1)
    until(
        lambda: not night.stale[reason].left(desk.aws),
        PATIENCE,
        reason,
        or_tell=lambda: night.stale[reason].left(desk.aws),
    )


def test_nothing_is_left_in_the_dead_letter_queue(desk, night, morning):
    redriven, purged = morning
    assert (redriven.code, redriven.data["deleted"]) == (0, len(REDRIVEN))
    # The one more is the removal of the object that was renamed.
    assert (purged.code, purged.data["deleted"]) == (0, len(PURGED) + 1)
    assert not any(each.left(desk.aws) for each in night.stale.values())
    assert typed("dlq", "list", "--check").code == 0


def test_a_paused_worker_leaves_what_arrives_on_the_queue_until_it_is_resumed(desk):
    distribution = site.make_distribution(desk.aws, PAUSED)
    both = {"intake": True, "sender": True}
    assert typed("pause", "--json").data == {"paused": both, "changed": ["intake", "sender"]}
    time.sleep(NOTICED)
    at = time.monotonic()
    changes = [desk.put(PAUSED, key) for key in ("a.html", "b.html", "c.html")]
    until(lambda: typed("status", "--json").data["backlog"]["waiting"] == len(changes), PATIENCE, "backlog")
    time.sleep(max(0.0, at + 3.0 - time.monotonic()))  # a worker that is on takes two
    status = typed("status", "--json").data
    assert (status["paused"], status["backlog"]["waiting"]) == (both, len(changes))
    assert uncovered(changes, {distribution: ""}, desk.aws.gate.seen) == [
        Uncovered(distribution, each.key, each.at) for each in changes
    ]

    typed("resume", "--only", "intake")
    until(lambda: typed("pending", "list", "--check").code == 3, PATIENCE, "it is taken in")
    assert uncovered(changes, {distribution: ""}, desk.aws.gate.seen), "the sender is paused still"
    assert typed("resume", "--json").data["changed"] == ["sender"]
    all_fresh(desk.aws, changes, {distribution: ""}, PATIENCE)


def by_reason(answer):
    assert answer.code == 0, answer.err
    return {each["reason"]: each for each in answer.data["groups"]}
