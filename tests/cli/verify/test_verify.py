"""`invalidator verify` as a person types it, against a stand-in for the edge."""

import time

import boto3
import pytest

from tests.cli.keys.test_explain_url import aliased, domain_of
from tests.cli.made_distributions import create
from tests.cli.verify.stand_in_edge import stand_in_edge

URL = "https://www.example.com/docs/?x=1"


@pytest.fixture
def edge(monkeypatch):
    with stand_in_edge() as running:
        monkeypatch.setenv("INVALIDATOR_EDGE", running.endpoint)
        yield running


@pytest.fixture
def served(stored, edge):
    """An object behind a distribution, and an edge that gives it; the value is the distribution's id."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="site", Key="docs/index.html", Body=b"new", ContentType="text/html")
    created = create(aliased("www.example.com"))
    stored.survey()
    head = s3.head_object(Bucket="site", Key="docs/index.html")
    edge.body = b"new"
    edge.headers = {
        "ETag": head["ETag"], "Content-Type": "text/html", "X-Cache": "Hit from cloudfront", "Age": "12",
        "X-Amz-Cf-Pop": "FRA56-P1", "Last-Modified": head["ResponseMetadata"]["HTTPHeaders"]["last-modified"],
    }  # fmt: skip
    return created


def test_what_lies_in_s3_is_fresh(typed, served, edge):
    answer = typed("verify", URL)
    assert answer.code == 0, answer.err
    assert "fresh: the edge gives what s3://site/docs/index.html is now" in answer.out
    assert "status 200, Hit from cloudfront, FRA56-P1, at the edge for 12 s" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80
    host, path, headers = edge.asked[0]
    assert (host, path) == ("www.example.com", "/docs/?x=1")
    assert "Accept-Encoding" not in headers
    (found,) = typed("verify", URL, "--json").data["results"]
    assert (found["verdict"], found["age_seconds"], found["x_cache"]) == (
        "fresh",
        12.0,
        "Hit from cloudfront",
    )


def test_an_old_copy_is_stale_with_exit_code_3_and_the_invalidation_named(typed, stored, served, edge):
    edge.body, edge.headers["ETag"] = b"older", '"0"'
    answer = typed("verify", URL, "--json")
    assert answer.code == 3
    (found,) = answer.data["results"]
    assert (found["verdict"], found["cleared_by"]) == ("stale", None)
    assert "invalidator pending list" in found["fix"]
    stored.record(served, "I1", time.time() + 6, "/docs/*", completed=True)
    (found,) = typed("verify", URL, "--json").data["results"]
    assert (found["cleared_by"]["id"], found["cleared_by"]["completed"]) == ("I1", True)
    assert "should have cleared it" in found["why"]
    said = typed("verify", URL).out
    assert "cleared by I1 of" in said
    assert "fix: " in said


def test_signed_urls_are_a_clear_line_and_a_signed_one_is_fetched_as_typed(typed, served, edge):
    good = edge.headers, edge.body
    edge.status, edge.headers = 403, {"X-Cache": "Error from cloudfront"}
    edge.body = (
        b"<Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter</Message></Error>"
    )
    answer = typed("verify", URL)
    assert answer.code == 2
    assert "unsure: the distribution answers signed URLs alone" in answer.out
    assert "aws cloudfront sign" in answer.out
    edge.status, (edge.headers, edge.body) = 200, good
    signed = "https://www.example.com/docs/?Expires=1&Signature=a~b-c_&Key-Pair-Id=K1"
    assert typed("verify", signed).code == 0
    assert edge.asked[-1][1] == "/docs/?Expires=1&Signature=a~b-c_&Key-Pair-Id=K1"


def test_a_distribution_named_by_its_id_is_asked_by_its_domain_name(typed, served, edge):
    assert typed("verify", f"https://{served}/docs/").code == 0
    assert edge.asked[-1][0] == domain_of(served)


def test_a_deleted_object_that_the_edge_shows_still_is_stale(typed, served, edge):
    boto3.client("s3").delete_object(Bucket="site", Key="docs/index.html")
    answer = typed("verify", URL)
    assert answer.code == 3
    assert "is not there any more, and the edge shows it still" in " ".join(answer.out.split())


def test_several_urls_each_get_a_verdict_and_the_worst_gives_the_exit_code(typed, served, edge):
    answer = typed("verify", URL, "https://nobody.example.org/", "--json")
    assert answer.code == 2
    assert [each["verdict"] for each in answer.data["results"]] == ["fresh", "unsure"]
    assert "no distribution is called nobody.example.org" in answer.data["results"][1]["why"]


def test_an_edge_that_does_not_answer_is_said(typed, served, monkeypatch):
    monkeypatch.setenv("INVALIDATOR_EDGE", "http://127.0.0.1:9")
    answer = typed("verify", URL)
    assert answer.code == 2
    assert "www.example.com does not answer" in answer.out
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s3://site/docs/",), "s3://site/docs/: not a viewer's URL; write https://HOST/PATH"),
        (("www.example.com",), "not a viewer's URL"),
        ((URL, "--edge", "localhost"), "write http://HOST:PORT"),
    ],
)
def test_bad_input_is_one_line(typed, served, arguments, said):
    answer = typed("verify", *arguments)
    assert answer.code in {1, 2}
    assert said in answer.err + answer.out
