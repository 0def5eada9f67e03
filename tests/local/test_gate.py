"""What an SDK meets at the gate is what it would meet at CloudFront."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from infra.local.cloudfront.faults import ACCESS_DENIED, INVALID_PATHS, SERVICE_UNAVAILABLE, Fault
from infra.local.cloudfront.quotas import QuotaSettings, Regime

IN_FLIGHT = QuotaSettings(
    regime=Regime.IN_FLIGHT, call_burst=1e9, paths_in_progress=10, seconds_in_progress=(20, 20)
)


def create(cloudfront, paths, reference="r", distribution="E1", quantity=None):
    return cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths) if quantity is None else quantity, "Items": paths},
            "CallerReference": reference,
        },
    )["Invalidation"]


def refused(*args, **kwargs):
    with pytest.raises(ClientError) as caught:
        create(*args, **kwargs)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_invalidation_is_in_progress_until_its_time_has_passed(cloudfront, gate, clock):
    """In all three answers that show it, and with the time it was created to the millisecond."""
    clock.now += 0.25
    gate.enforce(IN_FLIGHT)
    created = create(cloudfront, ["/a"])
    assert created["Status"] == "InProgress"
    assert created["CreateTime"] == datetime.fromtimestamp(clock.now, UTC)

    def shown():
        got = cloudfront.get_invalidation(DistributionId="E1", Id=created["Id"])["Invalidation"]
        (listed,) = cloudfront.list_invalidations(DistributionId="E1")["InvalidationList"]["Items"]
        assert got["CreateTime"] == listed["CreateTime"] == created["CreateTime"]
        return got["Status"], listed["Status"]

    clock.now += 19.9
    assert shown() == ("InProgress", "InProgress")
    clock.now += 0.2
    assert shown() == ("Completed", "Completed")


def test_what_the_quota_refuses_never_reaches_cloudfront(cloudfront, gate, behind):
    gate.enforce(IN_FLIGHT)
    create(cloudfront, [f"/{n}" for n in range(10)], "first")
    assert refused(cloudfront, ["/more"], "second") == ("TooManyInvalidationsInProgress", 400)
    assert list(behind.created) == ["first"]
    assert [(seen.reference, seen.refusal is None) for seen in gate.seen] == [
        ("first", True),
        ("second", False),
    ]


@pytest.mark.parametrize(
    ("paths", "quantity", "answer"),
    [
        (["/a b"], None, ("InvalidArgument", 400)),
        (["no-slash"], None, ("InvalidArgument", 400)),
        ([], None, ("InvalidArgument", 400)),
        (["/a"], 2, ("InconsistentQuantities", 400)),
        ([f"/{n}" for n in range(3001)], None, ("BatchTooLarge", 413)),
    ],
)
def test_a_bad_request_is_refused_with_cloudfronts_own_code(cloudfront, behind, paths, quantity, answer):
    assert refused(cloudfront, paths, quantity=quantity) == answer
    assert not behind.created


def test_quick_calls_are_throttled(cloudfront, clock):
    for number in range(6):
        create(cloudfront, ["/a"], f"r{number}")
    assert refused(cloudfront, ["/a"], "r7") == ("Throttling", 400)
    clock.now += 2
    create(cloudfront, ["/a"], "r7")


def test_a_repeated_reference_gives_the_same_invalidation_and_uses_up_no_paths(cloudfront, gate):
    gate.enforce(IN_FLIGHT)
    paths = [f"/{n}" for n in range(10)]
    first, second = create(cloudfront, paths), create(cloudfront, paths)
    assert first["Id"] == second["Id"]
    assert first["CreateTime"] == second["CreateTime"]
    assert [seen.repeat for seen in gate.seen] == [False, True]
    assert len(gate.invalidations) == 1


def test_what_cloudfront_itself_refuses_uses_up_no_paths(cloudfront, gate, behind):
    gate.enforce(IN_FLIGHT)
    behind.refuses = (404, "NoSuchDistribution")
    assert refused(cloudfront, [f"/{n}" for n in range(10)]) == ("NoSuchDistribution", 404)
    behind.refuses = None
    create(cloudfront, [f"/{n}" for n in range(10)], "again")
    assert [seen.refusal.code if seen.refusal else None for seen in gate.seen] == ["NoSuchDistribution", None]


def test_a_fault_meets_one_distribution_so_many_times(cloudfront, gate, behind):
    gate.inject(Fault(ACCESS_DENIED, times=2, distribution="E1"))
    assert refused(cloudfront, ["/a"]) == ("AccessDenied", 403)
    create(cloudfront, ["/a"], distribution="E2", reference="other")
    assert refused(cloudfront, ["/a"]) == ("AccessDenied", 403)
    create(cloudfront, ["/a"])
    assert list(behind.created) == ["other", "r"]


def test_a_fault_without_end_ends_when_it_is_forgotten(cloudfront, gate):
    gate.inject(Fault(ACCESS_DENIED, times=None))
    for _ in range(3):
        assert refused(cloudfront, ["/a"]) == ("AccessDenied", 403)
    gate.forget_faults()
    create(cloudfront, ["/a"])


def test_a_lost_answer_leaves_the_invalidation_created_and_billed(cloudfront, gate):
    gate.inject(Fault(SERVICE_UNAVAILABLE, answer_lost=True))
    assert refused(cloudfront, ["/a"]) == ("ServiceUnavailable", 503)
    assert len(gate.invalidations) == 1
    assert create(cloudfront, ["/a"])["Id"] == gate.invalidations[0].invalidation
    assert len(gate.invalidations) == 1


def test_a_fault_can_meet_another_operation(cloudfront, gate):
    gate.inject(Fault(SERVICE_UNAVAILABLE, operation="ListDistributions"))
    create(cloudfront, ["/a"])
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        cloudfront.list_distributions()
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 0


def test_a_fault_can_refuse_every_batch_that_holds_a_path(cloudfront, gate):
    gate.inject(Fault(INVALID_PATHS, times=None, path="/odd"))
    assert refused(cloudfront, ["/a", "/odd"]) == ("InvalidArgument", 400)
    create(cloudfront, ["/a", "/odd/*"])
    cloudfront.list_distributions()
    assert refused(cloudfront, ["/odd"]) == ("InvalidArgument", 400)


def test_other_requests_pass_with_the_host_they_were_signed_for(cloudfront, gate, behind):
    cloudfront.list_distributions(MaxItems="7")
    (request,) = behind.requests
    assert request.target.endswith("/distribution?MaxItems=7")
    assert f"http://{request.headers['Host']}" == gate.endpoint
    assert "Signature=" in request.headers["Authorization"]


def test_two_calls_cannot_both_take_the_last_room(cloudfront, gate):
    gate.enforce(IN_FLIGHT)

    def one(number):
        try:
            return create(cloudfront, [f"/{n}" for n in range(6)], f"r{number}")["Id"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    assert answers.count("TooManyInvalidationsInProgress") == 7
    assert len(gate.invalidations) == 1
