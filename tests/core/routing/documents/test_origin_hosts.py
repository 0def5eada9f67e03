"""An origin's host names its bucket in every form S3 has, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invalidator.core.routing.documents.origin_hosts import HostMatch, bucket_of

REST_TAILS = [
    "s3.amazonaws.com",
    "s3.eu-west-1.amazonaws.com",
    "s3-eu-west-1.amazonaws.com",
    "s3-us-gov-west-1.amazonaws.com",
    "s3-external-1.amazonaws.com",
    "s3.dualstack.ap-southeast-2.amazonaws.com",
    "s3-fips.us-east-1.amazonaws.com",
    "s3-fips.dualstack.us-east-1.amazonaws.com",
    "s3-accelerate.amazonaws.com",
    "s3-accelerate.dualstack.amazonaws.com",
    "s3.cn-north-1.amazonaws.com.cn",
    "s3.dualstack.cn-northwest-1.amazonaws.com.cn",
    "s3.eusc-de-east-1.amazonaws.eu",
]
WEBSITE_TAILS = [
    "s3-website-us-east-1.amazonaws.com",
    "s3-website.eu-central-1.amazonaws.com",
    "s3-website.cn-north-1.amazonaws.com.cn",
    "s3-website-us-gov-west-1.amazonaws.com",
]
HIDDEN = {
    "site-1a2b3c-s3alias.s3.eu-west-1.amazonaws.com": "an access point alias",
    "site-1a2b3c--ol-s3.s3.eu-west-1.amazonaws.com": "an Object Lambda access point",
    "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com": "a multi-region access point",
    "ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com": "an access point",
    "ap-123456789012.s3-object-lambda.eu-west-1.amazonaws.com": "an Object Lambda access point",
    "ap-1.op-0.s3-outposts.eu-west-1.amazonaws.com": "an S3 on Outposts access point",
    "a1b2c3.execute-api.eu-west-1.amazonaws.com": "an API of API Gateway",
    "x9y8z7.lambda-url.eu-west-1.on.aws": "the URL of a Lambda function",
}
PATH_STYLE = [
    "s3.amazonaws.com",
    "s3.eu-west-1.amazonaws.com",
    "s3-ap-northeast-1.amazonaws.com",
    "s3.dualstack.eu-west-1.amazonaws.com",
    "s3-fips.us-east-1.amazonaws.com",
    "s3.cn-north-1.amazonaws.com.cn",
]
STRANGERS = [
    "www.example.org",
    "s3-website-us-east-1.amazonaws.com",
    "lb-1.eu-west-1.elb.amazonaws.com",
    "b.s3.eu-west-1.amazonaws.com.example.org",
    "b.s3.amazonaws.org",
    "b.s3amazonaws.com",
    "bs3.amazonaws.com",
    "b.s3.eu-west-1.vpce.amazonaws.com",
    "b.s3.dualstack.amazonaws.com",
    "b.s3-website.amazonaws.com",
    "{{tenant}}.s3.amazonaws.com",
    "-b.s3.amazonaws.com",
    "b.s3.amazonaws.com\n",
    "",
]
buckets = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,60}[a-z0-9]", fullmatch=True).filter(
    lambda name: not name.endswith(("-s3alias", "--ol-s3", ".mrap"))
)


@given(bucket=buckets, tail=st.sampled_from(REST_TAILS))
def test_every_rest_host_names_its_bucket(bucket, tail):
    assert bucket_of(f"{bucket}.{tail}") == HostMatch(bucket)


@given(bucket=buckets, tail=st.sampled_from(WEBSITE_TAILS))
def test_every_website_host_names_its_bucket_and_says_it_is_a_website(bucket, tail):
    assert bucket_of(f"{bucket}.{tail}") == HostMatch(bucket, website=True)


@pytest.mark.parametrize(
    "bucket", ["a.b.c", "www.s3.example.org", "x.s3.us-east-1", "b", "my_bucket", "_old_", "s3", "1.2"]
)
@pytest.mark.parametrize("tail", [*REST_TAILS, *WEBSITE_TAILS])
def test_a_bucket_may_hold_dots_and_look_like_a_host(bucket, tail):
    assert bucket_of(f"{bucket}.{tail}").bucket == bucket


@pytest.mark.parametrize(("domain", "what"), HIDDEN.items())
def test_an_access_point_hides_its_bucket_and_says_what_it_is(domain, what):
    assert bucket_of(domain) == HostMatch(None, hidden=what)


@given(
    bucket=buckets | st.sampled_from(["my_legacy_bucket", "_old_", "My.Old"]),
    tail=st.sampled_from(PATH_STYLE),
)
def test_s3_s_own_host_names_the_bucket_in_the_origin_path(bucket, tail):
    for path in (f"/{bucket}", f"/{bucket}/folder/below", f"{bucket}/"):
        assert bucket_of(tail, path) == HostMatch(bucket, path_style=True)


@pytest.mark.parametrize("tail", PATH_STYLE)
@pytest.mark.parametrize("path", ["", "/", "//", "/{{tenant}}", "/-b"])
def test_s3_s_own_host_without_a_bucket_hides_it(tail, path):
    assert bucket_of(tail, path).hidden == "S3's own host, and no OriginPath names the bucket"


@pytest.mark.parametrize("domain", STRANGERS)
def test_any_other_host_is_no_bucket(domain):
    assert bucket_of(domain) == HostMatch(None, hidden="not the host name of an S3 bucket")


@pytest.mark.parametrize(
    ("one", "other"), [("foo", "foo-bar"), ("foo", "a.foo"), ("foo", "foo.a"), ("foo", "fo")]
)
@pytest.mark.parametrize("tail", [*REST_TAILS, *WEBSITE_TAILS])
def test_a_bucket_is_not_mistaken_for_one_whose_name_holds_it(one, other, tail):
    assert bucket_of(f"{other}.{tail}").bucket == other != one


def test_hosts_are_compared_as_dns_does():
    assert bucket_of("Foo.S3.Amazonaws.com.").bucket == "foo"


@given(st.text(max_size=300))
def test_no_text_is_too_strange_for_a_host(domain):
    match = bucket_of(domain)

    assert (match.bucket is None) == bool(match.hidden)
