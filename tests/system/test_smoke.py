"""`make smoke` as it is typed, on the local AWS and its edge."""

import os
from unittest import mock

import pytest

from infra.smoke import chain
from infra.smoke.__main__ import main
from infra.smoke.chain import PAGES
from infra.smoke.resources import PREFIX

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("system")]


def test_every_page_becomes_new_and_nothing_is_left(stack, capsys, monkeypatch):
    aws = stack.aws
    monkeypatch.setattr(chain, "SETTLED_SECONDS", 1.0)
    with mock.patch.dict(os.environ, aws.subprocess_environment, clear=True):
        code = main(["--edge", aws.edge.endpoint])
    out, err = capsys.readouterr()
    assert code == 0, err
    for url in (url for each in PAGES.values() for url in each):
        assert f"| `{url}` |" in out
    assert "| Does a path purge its URL? | `/q0.html` | `/q0.html` | yes |" in out
    assert out.count("| no |") + out.count("| yes |") == len(chain.QUESTIONS)

    assert [
        each["Name"] for each in aws.client("s3").list_buckets()["Buckets"] if PREFIX in each["Name"]
    ] == []
    distributions = aws.client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    assert [each for each in distributions if PREFIX in each["Comment"]] == []


def test_a_stack_that_is_not_there_is_named_and_the_site_is_removed(stack, capsys, monkeypatch):
    aws = stack.aws
    monkeypatch.setattr(chain, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr("infra.smoke.__main__.QUESTIONS", ())
    with mock.patch.dict(os.environ, aws.subprocess_environment, clear=True):
        code = main(["--edge", aws.edge.endpoint, "--stack", "nowhere"])
    err = capsys.readouterr().err
    assert code == 1
    assert "nowhere" in err
    assert [
        each["Name"] for each in aws.client("s3").list_buckets()["Buckets"] if PREFIX in each["Name"]
    ] == []
