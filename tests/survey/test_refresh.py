"""A pinned distribution of another account, refreshed by whoever its role trusts."""

import pytest

from invalidator.core.reasons import Reason
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.pins import Pin
from invalidator.core.routing.renewal import Surveying
from invalidator.core.routing.settings import RoutingSettings
from invalidator.failures import Permanent, Transient
from invalidator.survey.refresh import Refresh
from tests.survey.surveyed import HISTORY, INTERVAL, MINUTE, Surveyed

ROLE = "arn:aws:iam::123456789012:role/r"


class Far:
    """CloudFront of the other account."""

    def __init__(self):
        self.path, self.etag, self.asked = "/v1", "T1", []
        self.enabled, self.failure = True, None

    def configuration(self, target, role, deadline):
        self.asked.append((target, role))
        if self.failure:
            raise self.failure
        origin = Origin("o", "vault.s3.amazonaws.com", "vault", self.path)
        return Distribution(target, (origin,), (Behavior("*", ("o",)),), enabled=self.enabled), self.etag


@pytest.fixture
def site():
    made = Surveyed()
    made.table.pinned = [Pin("vault", "EFAR", "/v1", role=ROLE)]
    made.survey()
    return made.after(INTERVAL)


def refresh(site, far):
    known = site.routes("EFAR")
    applied = site.table.view("EFAR", site.time.now()).state.routing
    surveying = Surveying(INTERVAL, HISTORY, site.settings)
    return Refresh(site.table, far, surveying, site.time)(known, applied, site.time.now() + 10)


def test_it_is_asked_for_with_its_role_once_in_an_interval(site):
    far = Far()
    assert refresh(site, far).routes[0].origins[0].path == "/v1"
    assert site.paths("EFAR", "vault", "v1/a") == {"/a"}
    refresh(site.after(INTERVAL / 2), far)
    assert far.asked == [("EFAR", ROLE)]
    assert site.routes("EFAR").role == ROLE


def test_its_switch_is_purged_now_and_once_more_at_the_next_look(site):
    far = Far()
    refresh(site, far)
    site.sent("EFAR")
    site.table.pinned.append(Pin("vault", "EFAR", "/v2", role=ROLE))
    site.survey()
    refresh(site.after(INTERVAL), far)
    site.sent("EFAR")
    far.path, far.etag = "/v2", "T2"
    switched = refresh(site.after(INTERVAL), far)
    assert switched.purge == {"/*": site.time.now()}
    assert site.paths("EFAR", "vault", "v1/a") >= {"/a"}
    site.sent("EFAR")
    again = refresh(site.after(INTERVAL), far)
    assert again.purge == {"/*": site.time.now()}
    site.sent("EFAR")
    assert refresh(site.after(INTERVAL), far).version == again.version


@pytest.mark.parametrize(("away", "purged"), [(3 * INTERVAL, []), (2 * HISTORY, ["/*"])])
def test_one_that_was_disabled_gets_what_changed_since_it_served_last(site, away, purged):
    far = Far()
    refresh(site, far)
    site.sent("EFAR")
    served = site.time.now()
    far.enabled, far.etag = False, "T2"
    refresh(site.after(INTERVAL), far)
    site.sent("EFAR")
    for _ in range(3):
        refresh(site.after(away / 3), far)
    far.enabled, far.etag = True, "T3"
    back = refresh(site.after(INTERVAL), far)
    assert [*back.purge] == purged
    assert back.reroute_since == (None if purged else served - INTERVAL)


@pytest.mark.parametrize(
    "failure", [Permanent("may not be assumed", Reason.ROLE_REFUSED), Transient("no answer")]
)
def test_one_that_cannot_be_asked_keeps_its_routing(site, failure):
    far = Far()
    before = refresh(site, far)
    far.failure = failure
    after = refresh(site.after(INTERVAL), far)
    assert (after.routes, after.version) == (before.routes, before.version)
    assert bool(site.record("EFAR")[1].doubt) == isinstance(failure, Permanent)


@pytest.mark.parametrize("seen", [False, True], ids=["switch not seen", "switch on its way"])
def test_other_settings_or_pins_forget_nothing_of_what_was_read_of_it(site, seen):
    far = Far()
    site.changes("vault", "v1/a.html")
    refresh(site, far)
    site.sent("EFAR")
    far.path, far.etag = "/v2", "T2"
    site.after(INTERVAL)
    if seen:
        assert refresh(site, far).purge == {"/*": site.time.now()}
        site.sent("EFAR")
    site.settings = RoutingSettings(("home.html",))
    site.after(MINUTE).survey()
    site.sent("EFAR")
    assert refresh(site.after(INTERVAL), far).purge == {"/*": site.time.now()}


def test_one_of_the_own_account_is_not_asked_for(site):
    site.table.pinned = [Pin("vault", "EFAR", "/v1")]
    site.survey()
    far = Far()
    refresh(site.after(INTERVAL), far)
    assert far.asked == []
