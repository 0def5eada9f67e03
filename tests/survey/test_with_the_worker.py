"""The survey and the whole worker over one table: what a change of a distribution makes CloudFront be asked for."""

from types import SimpleNamespace
from typing import Any

import pytest

from invalidator.aws.cloudfront_clients import CloudFrontClients
from invalidator.aws.distributions import CloudFrontDistributions
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.renewal import Surveying
from invalidator.core.routing.settings import RoutingSettings
from invalidator.survey.refresh import Refresh
from invalidator.survey.survey import Survey
from invalidator.waking import Waking
from tests.sender.world import World
from tests.survey.account import Account, s3
from tests.survey.surveyed import HISTORY, INTERVAL, MINUTE

ROLE = "arn:aws:iam::123456789012:role/r"


class Stack:
    """A worker whose surveys are asked for by it, or made every five minutes."""

    def __init__(self) -> None:
        self.world = World()
        clock = self.world.clock
        self.account, self.other = Account(clock), Account(clock)
        clients = CloudFrontClients(self._client, clock.now)
        self.distributions = CloudFrontDistributions(clients, clock)
        self.surveying = Surveying(INTERVAL, HISTORY, RoutingSettings(()))
        self.world.survey = self.survey
        self.runs = 0
        self.mended: list[str] = []

    def _client(self, service: str, **credentials: str) -> Any:
        if service == "sts":
            session = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}
            return SimpleNamespace(assume_role=lambda **_: {"Credentials": session})
        return self.other if credentials else self.account

    def survey(self) -> None:
        self.runs += 1
        world, table = self.world, self.world.memory
        waking = Waking(table, world.queues, world.clock)
        summary = Survey(self.distributions, table, table, table, waking, world.clock, self.surveying).run(
            f"survey {self.runs}", world.clock.now() + 300, asked=True
        )
        self.mended += summary.mended

    def run_for(self, seconds: float) -> None:
        """Let time pass, with a survey every five minutes."""
        until = self.world.clock.now() + seconds
        while self.world.clock.now() < until:
            self.world.run_for(min(INTERVAL, until - self.world.clock.now()))
            self.survey()
        self.world.run_for(2 * MINUTE)

    def sent(self, target: str) -> list[tuple[str, ...]]:
        return self.world.cloudfront.paid_by(target)


def test_a_bucket_that_nobody_knows_is_surveyed_at_once_and_its_change_is_sent():
    stack = Stack()
    stack.account.put("E1", s3("site"))
    stack.world.upload("a.html")
    stack.world.run_for(2 * MINUTE)
    assert stack.sent("E1") == [("/a.html",)]


@pytest.mark.parametrize("lost", ["head", "known"])
def test_a_bucket_whose_head_was_lost_is_known_again_with_its_next_change_and_a_line_names_it(lost):
    """Its changes come as of an unknown bucket; while nothing changes at CloudFront, nobody else would write it."""
    stack = Stack()
    stack.account.put("E1", s3("site"))
    stack.survey()
    for name in ("a.html", "b.html"):
        stack.world.upload(name)
        stack.run_for(INTERVAL)
    if lost == "head":
        stack.world.memory.drop_head("bucket:site")
    else:
        stack.world.memory._log("bucket:site").known = False
    stack.mended.clear()
    stack.world.upload("c.html")
    stack.run_for(3 * INTERVAL)
    assert stack.sent("E1") == [("/a.html",), ("/b.html",), ("/c.html",)]
    assert stack.mended == ["log#bucket:site head: it did not say who serves site; it is written anew"]
    stack.world.upload("d.html")
    stack.world.run_for(MINUTE)
    assert stack.sent("E1")[-1] == ("/d.html",)


def test_a_distribution_that_leaves_its_bucket_for_a_server_is_purged_once_and_then_left_alone():
    stack = Stack()
    stack.account.put("E1", s3("site"))
    stack.survey()
    stack.world.upload("a.html")
    stack.run_for(INTERVAL)
    stack.account.put("E1", ("www.example.com", ""))
    stack.run_for(INTERVAL)
    stack.world.upload("b.html")
    stack.run_for(2 * INTERVAL)
    assert stack.sent("E1") == [("/a.html",), ("/*",)]


def test_the_switch_of_a_deployment_to_its_new_folder_purges_what_the_edges_hold():
    """The public case: upload to a new folder, then move the OriginPath there; the switch itself makes no event."""
    stack = Stack()
    stack.account.put("E1", s3("site", "/0.0.1"))
    stack.survey()
    stack.world.upload("0.0.2/index.html", "0.0.2/app.js")
    stack.run_for(INTERVAL)
    assert stack.sent("E1") == []
    stack.account.put("E1", s3("site", "/0.0.2"), deployed=False)
    stack.run_for(INTERVAL)
    assert stack.sent("E1") == [("/*",)]
    stack.account.deploy("E1")
    stack.run_for(INTERVAL)
    assert stack.sent("E1") == [("/*",), ("/*",)]
    stack.run_for(6 * INTERVAL)
    assert len(stack.sent("E1")) == 2


def test_a_change_between_another_routing_and_its_survey_is_sent_by_the_new_routing():
    stack = Stack()
    stack.account.put("E1", s3("site"), s3("api"), default=1, behaviors=[("a/*", 0)])
    stack.survey()
    stack.world.upload("a/x", "b/x")
    stack.world.run_for(MINUTE)
    assert stack.sent("E1") == [("/a/x",)]
    stack.account.policies["mine"] = "all"
    stack.account.put("E1", s3("site"), s3("api"), default=1, behaviors=[("a/*", 0)], policy="mine")
    stack.world.upload("a/y")
    stack.world.run_for(MINUTE)
    stack.run_for(INTERVAL)
    assert "/a/y*" in {path for paths in stack.sent("E1") for path in paths}


def test_a_new_distribution_of_a_known_bucket_is_sent_what_changed_since_it_was_made():
    stack = Stack()
    stack.account.put("E1", s3("site"))
    stack.survey()
    stack.account.put("E2", s3("site"))
    stack.world.upload("a.html")
    stack.run_for(INTERVAL)
    assert stack.sent("E1") == [("/a.html",)]
    assert stack.sent("E2") == [("/a.html",)]


def test_stored_routes_serve_as_fast_as_ever_while_no_survey_can_be_made():
    stack = Stack()
    stack.account.put("E1", s3("site"))
    stack.survey()
    stack.account.denied["list_distributions"] = "AccessDenied"
    stack.run_for(12 * INTERVAL)
    changed = stack.world.clock.now()
    stack.world.upload("a.html")
    stack.world.run_for(10)
    assert stack.sent("E1") == [("/a.html",)]
    assert stack.world.cloudfront.requests_to("E1")[0] - changed < 3


def test_a_pinned_distribution_of_another_account_is_looked_at_by_the_sender_itself():
    stack = Stack()
    stack.world.memory.pinned = [Pin("site", "EFAR", "/v1", role=ROLE)]
    stack.world.sender.refresh = Refresh(
        stack.world.memory, stack.distributions, stack.surveying, stack.world.clock
    )
    stack.survey()
    stack.other.put("EFAR", s3("site", "/v1"))
    stack.world.run_for(INTERVAL)
    stack.world.upload("v1/a.html")
    stack.world.run_for(MINUTE)
    assert stack.sent("EFAR") == [("/a.html",)]
    assert stack.other.calls == {"get_distribution_config": 1}
    assert stack.account.calls["get_distribution_config"] == 0
