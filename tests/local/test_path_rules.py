"""The gate refuses the paths that CloudFront refuses, and only those."""

import pytest

from infra.local.cloudfront.path_rules import refusal_of_paths


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/*",
        "/a.html",
        "/img/*",
        "/img*",
        "/a*b/c",
        "/a?size=1&x=*",
        "/%C3%A4%20b.html",
        "/over%2Fencoded%2Ehtml",
        "/%7Euser/index.html",
        "/a+b@c:d;e,f'g(h)!$&=-_.",
        "#tag",
        "/" + "a" * 3999,
    ],
)
def test_what_cloudfront_takes_passes_also_where_it_would_remove_nothing(path):
    assert refusal_of_paths([path], 1) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a.html",
        "*",
        "#",
        "/a b",
        "/ä.html",
        "/\N{GRINNING FACE}",
        "/~user/",
        '/"',
        "/<",
        "/>",
        "/a#b",
        "/{id}",
        "/a|b",
        "/a\\b",
        "/a^b",
        "/[1]",
        "/`",
        "/100%",
        "/%zz",
        "/%c",
        "/a\nb",
        "/a\x00",
        "/a\x7f",
        "/" + "a" * 4000,
    ],
)
def test_one_bad_path_refuses_the_whole_batch_and_is_not_named(path):
    refusal = refusal_of_paths(["/good.html", path], 2)
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("InvalidArgument", 400)
    assert path == "" or path not in refusal.message.split()


def test_an_empty_batch_is_an_invalid_argument():
    refusal = refusal_of_paths([], 0)
    assert refusal is not None
    assert refusal.code == "InvalidArgument"


@pytest.mark.parametrize("quantity", [0, 1, 3])
def test_a_quantity_that_is_not_the_number_of_items_is_inconsistent(quantity):
    refusal = refusal_of_paths(["/a", "/b"], quantity)
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("InconsistentQuantities", 400)
