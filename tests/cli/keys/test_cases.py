"""Distributions as people have them, each of which was answered wrongly once: `plan` and `explain` are right now."""

from pathlib import Path

import pytest

from infra.cli.files.input_files import read_distributions
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.pinned_routes import routes_of
from invalidator.core.routing.pins import Pin

CASES = Path(__file__).parent / "cases"
STATIC_AND_MEDIA = [f"static/app/c{n}.js" for n in range(1, 11)] + [f"media/u{n}/p.png" for n in range(1, 11)]


def file(case: str, name: str = "distribution") -> str:
    return str(CASES / case / f"{name}.json")


@pytest.fixture
def plan(typed, tmp_path):
    def run(case, bucket, keys, *options, name="distribution"):
        (tmp_path / "keys").write_text("".join(f"{key}\n" for key in keys))
        answer = typed(
            "plan", "--bucket", bucket, "--keys", str(tmp_path / "keys"), "--distribution", file(case, name),
            "--json", *options,
        )  # fmt: skip
        assert answer.code == 0, answer.err
        (found,) = answer.data["distributions"]
        return found, answer.err

    return run


@pytest.mark.parametrize(
    ("case", "bucket", "key", "paths"),
    [
        ("caching-disabled", "my-site", "index.html", []),
        ("null-fields", "my-site", "index.html", ["/", "/index.html"]),
        ("path-style-origin", "assets-us-east", "us-east/a.js", ["/us-east/a.js"]),
        ("spa-error-pages", "my-site", "index.html", ["/*"]),
        ("spa-error-pages", "my-site", "app.js", ["/app.js"]),
        ("underscore-bucket", "my_legacy_bucket", "index.html", ["/", "/index.html"]),
    ],
)
def test_a_key_s_paths(plan, case, bucket, key, paths):
    found, _ = plan(case, bucket, [key])

    assert found["paths"] == paths
    assert found["unserved_keys"] == []


@pytest.mark.parametrize("name", ["distribution-viewer-request", "distribution-origin-request"])
def test_pages_of_a_site_with_clean_urls(plan, name):
    keys = ["about.html", "blog/[slug].html"]

    assert plan("clean-urls", "my-site", keys, name=name)[0]["paths"] == ["/about", "/about.html", "/blog/*"]
    never, _ = plan("clean-urls", "my-site", keys, "--clean-urls", "never", name=name)
    assert never["paths"] == ["/about.html", "/blog/%5Bslug%5D.html"]


@pytest.mark.parametrize("limits", [("--max-paths", "1"), ("--max-paths", "1", "--max-wildcards", "1")])
def test_a_limit_yields_to_the_two_behaviors_that_lead_to_the_bucket(plan, limits):
    found, _ = plan("budget-wildcard-purges-other-origins", "my-site", STATIC_AND_MEDIA, *limits)

    assert found["paths"] == ["/media/*", "/static/*"]
    assert (found["exact"], found["wildcards"], found["cost_usd"]) == (0, 2, 0.01)


def test_what_an_error_page_purges_besides_is_said(plan):
    _, said = plan("spa-error-pages", "my-site", ["index.html"])
    assert (
        "index.html: it is the error page of 403, 404, which stays under any path that failed for 86400 s"
        in said
    )
    assert "all else that is cached there is purged too" in said
    found, said = plan("spa-error-pages", "my-site", ["index.html"], "--error-page-seconds", "86400")
    assert (found["paths"], "error page" in said) == (["/", "/index.html"], False)


def test_that_nothing_is_cached_is_said(plan):
    _, said = plan("caching-disabled", "my-site", ["index.html"])
    assert "1 of the keys need no path: where they are served, caching is disabled" in said


def test_an_image_handler_is_pinned_with_how_keys_appear():
    (read,) = read_distributions([file("image-handler")], {})
    configured = read.distribution
    for template, paths in {"/{key}*": ("/photo.jpg*",), "/fit-in/*": ("/fit-in/*",), "/*": ("/*",)}.items():
        _, pinned = routes_of(configured, [Pin("my-images", configured.id, templates=(template,))])
        assert Router(pinned, "my-images").paths("photo.jpg") == paths


@pytest.mark.parametrize(
    ("case", "url", "says"),
    [
        ("spa-error-pages", "s3://my-site/index.html", ["serves it", "it is the error page of 403, 404", "sent as /*"]),
        ("caching-disabled", "s3://my-site/index.html", ["serves it", "has caching disabled, so nothing is kept"]),
        ("path-style-origin", "s3://assets-us-east/us-east/a.js", ["behavior us-east/*", "sent as /us-east/a.js"]),
        ("budget-wildcard-purges-other-origins", "s3://my-site/x", ["not sent: behavior * leads to another origin"]),
    ],
)  # fmt: skip
def test_explain_tells_a_person_why(typed, case, url, says):
    answer = typed("explain", url, "--distribution", file(case))

    assert answer.code == 0, answer.err
    for text in says:
        assert text in " ".join(answer.out.split()), answer.out


def test_explain_says_which_path_is_sent_for_a_clean_url(typed):
    answer = typed(
        "explain",
        "s3://my-site/about.html",
        "--distribution",
        file("clean-urls", "distribution-origin-request"),
    )

    assert "    /about\n      its clean URL\n      behavior *\n      sent as /about\n" in answer.out
