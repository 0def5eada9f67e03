"""`plan` with what people have at hand: other forms of a distribution, and files that hold no keys."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.cli.files.key_lines import NoKeysError, key_lines
from tests.cli.made_distributions import config

CASES = Path(__file__).parent / "cases/files-people-have"
SITE = "my-site.s3.eu-west-1.amazonaws.com"
CONFIG = config(SITE, path="/pub", root="index.html")
DISTRIBUTION = {"Id": "E1", "Status": "Deployed", "DistributionConfig": CONFIG}


@pytest.fixture
def planned(typed, tmp_path):
    """Plans for pub/a.html, by a file with this content."""

    def plan(content, *options):
        (tmp_path / "keys").write_text("pub/a.html\n")
        file = tmp_path / "distribution"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return typed(
            "plan", "--bucket", "my-site", "--keys", str(tmp_path / "keys"), "--distribution", str(file), "--json",
            *options,
        )  # fmt: skip

    return plan


def summary(name, document):
    return {"Id": name, "ARN": "arn", **document}


AS_YAML = yaml.safe_dump({"ETag": "E", "Distribution": DISTRIBUTION}).encode()
FORMS = {
    "get-distribution": ({"ETag": "E", "Distribution": DISTRIBUTION}, []),
    "get-distribution --query Distribution": (DISTRIBUTION, []),
    "get-distribution-config": ({"ETag": "E", "DistributionConfig": CONFIG}, ["--id", "E1"]),
    "update-distribution takes": ({"Id": "E1", "IfMatch": "E", "DistributionConfig": CONFIG}, []),
    "update-distribution --distribution-config": (CONFIG, ["--id", "E1"]),
    "list-distributions": ({"DistributionList": {"Items": [summary("E1", CONFIG)]}}, []),
    "an item of it": (summary("E1", CONFIG), []),
    "several items of it": ([summary("E1", CONFIG)], []),
    "create-distribution-with-tags takes": (
        {"DistributionConfigWithTags": {"DistributionConfig": CONFIG}},
        ["--id", "E1"],
    ),
    "UTF-16, as PowerShell writes it": (json.dumps({"Distribution": DISTRIBUTION}).encode("utf-16"), []),
    "YAML": (AS_YAML, []),
    "YAML of a configuration": (yaml.safe_dump(CONFIG).encode(), ["--id", "E1"]),
    ".json.gz": (gzip.compress(json.dumps({"Distribution": DISTRIBUTION}).encode()), []),
    ".yaml.gz": (gzip.compress(AS_YAML), []),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_distribution_is_read_in_each_form_that_the_aws_cli_has(planned, form):
    content, options = FORMS[form]
    answer = planned(content, *options)
    assert answer.code == 0, answer.err
    assert [(each["id"], each["paths"]) for each in answer.data["distributions"]] == [("E1", ["/a.html"])]
    assert ("a list does not tell the DefaultRootObject" in answer.err) == ("item" in form or "list" in form)


def test_of_a_list_those_of_the_bucket_are_planned(planned):
    other = config("other.s3.eu-west-1.amazonaws.com")
    answer = planned({"DistributionList": {"Items": [summary("E1", CONFIG), summary("E2", other)]}})
    assert [each["id"] for each in answer.data["distributions"]] == ["E1"]
    assert "1 distribution of the list left out: no origin of theirs is my-site" in answer.err


@pytest.mark.parametrize(
    "several",
    [
        [{"Distribution": DISTRIBUTION}, {"Distribution": DISTRIBUTION | {"Id": "E2"}}],
        [{"DistributionList": {"Items": [summary(name, CONFIG)]}} for name in ("E1", "E2")],
    ],
)
def test_documents_one_after_the_other_as_a_loop_writes_them_are_read(planned, several):
    answer = planned("".join(json.dumps(each, indent=1) + "\n" for each in several).encode())
    assert answer.code == 0, answer.err
    assert [each["id"] for each in answer.data["distributions"]] == ["E1", "E2"]


@pytest.mark.parametrize(
    "cut",
    [
        {"DistributionList": {"Items": [summary("E1", CONFIG)], "IsTruncated": True, "NextMarker": "E1"}},
        {"DistributionList": {"Items": [summary("E1", CONFIG)]}, "NextToken": "t"},
    ],
)
def test_a_list_that_is_not_whole_is_said(planned, cut):
    assert "the list goes on on another page" in planned(cut).err
    assert "another page" not in planned({"DistributionList": {"Items": [summary("E1", CONFIG)]}}).err


def policy(name, query):
    cache_key = {"QueryStringsConfig": {"QueryStringBehavior": query}}
    return {
        "Id": name,
        "CachePolicyConfig": {"MinTTL": 1, "ParametersInCacheKeyAndForwardedToOrigin": cache_key},
    }


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"CachePolicy": policy("p", "none")}, ["/a.html"]),
        ({"CachePolicy": policy("p", "allExcept")}, ["/a.html*"]),
        (
            {"CachePolicyList": {"Items": [{"Type": "custom", "CachePolicy": policy("p", "none")}]}},
            ["/a.html"],
        ),
    ],
)
def test_cache_policies_are_read_alone_and_as_a_list(planned, tmp_path, document, paths):
    (tmp_path / "policy").write_text(json.dumps(document))
    by_policy = CONFIG | {"DefaultCacheBehavior": CONFIG["DefaultCacheBehavior"] | {"CachePolicyId": "p"}}
    answer = planned(
        DISTRIBUTION | {"DistributionConfig": by_policy}, "--cache-policy", str(tmp_path / "policy")
    )
    assert answer.code == 0, answer.err
    assert answer.data["distributions"][0]["paths"] == paths


def test_a_cache_policy_without_id_is_one_line_with_the_way_on(planned, tmp_path):
    (tmp_path / "policy").write_text('{"ETag": "E", "CachePolicyConfig": {}}')
    answer = planned(DISTRIBUTION, "--cache-policy", str(tmp_path / "policy"))
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert (
        "not a cache policy: Id: field required; give what this prints: aws cloudfront get-cache-policy"
        in answer.err
    )


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (CONFIG, [], "not a distribution: Id: missing"),
        ({"DistributionConfig": CONFIG}, [], "name it with --id"),
        (DISTRIBUTION, ["--id", "E2"], "--id E2: every distribution of the files has its id already"),
        ({"DistributionList": {"Items": []}}, [], "DistributionList: no distribution is in it"),
        (
            {"DistributionList": {"Items": [summary("E1", CONFIG), {"Id": "E2", "Origins": {}}]}},
            [],
            "not a distribution: DistributionList.Items.1: ",
        ),
        (
            {"Resources": {"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {}}}},
            [],
            "it is a CloudFormation document: deploy it, then give what this prints: aws cloudfront get-distribution",
        ),
        (
            b"Resources:\n  Cdn:\n    Type: AWS::CloudFront::Distribution\n    Properties: !Ref X\n",
            [],
            "it is a CloudFormation document: deploy it, then",
        ),
        ({"Stacks": [{"StackId": "arn", "Outputs": []}]}, [], "it is a CloudFormation document: deploy it, then"),
        (
            {"version": 4, "terraform_version": "1.9", "resources": []},
            [],
            "it is a Terraform file: deploy it, then give what this prints: aws cloudfront get-distribution --id ID",
        ),
        (b'resource "aws_cloudfront_distribution" "cdn" {\n}\n', [], "it is a Terraform file: deploy it, then"),
        (b"<html>", [], "not JSON: Expecting value in line 1, column 1; give what this prints: aws cloudfront"),
        (b"a: &a [x]\nb: *a\n", [], "not JSON: "),
        (gzip.compress(b"{}", mtime=0)[:-4], [], "not a whole gzip file"),
        (b"\x1f\x8bnone", [], "not a whole gzip file"),
    ],
)  # fmt: skip
def test_what_is_no_distribution_is_one_line_with_the_way_on(planned, content, options, said):
    answer = planned(content, *options)
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1), answer.err
    assert said in answer.err, answer.err


@pytest.mark.parametrize(
    ("name", "options", "ids"),
    [
        ("config-only", ["--id", "E1AAAAAAAAAAAA"], ["E1AAAAAAAAAAAA"]),
        ("get-distribution-config", ["--id", "E1AAAAAAAAAAAA"], ["E1AAAAAAAAAAAA"]),
        ("list-distributions", [], ["E1AAAAAAAAAAAA", "E2"]),
    ],
)
def test_the_files_of_people_who_were_refused_are_read(planned, name, options, ids):
    answer = planned((CASES / f"{name}.json").read_bytes(), *options)
    assert answer.code == 0, answer.err
    assert [each["id"] for each in answer.data["distributions"]] == ids


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_keys_as_windows_writes_them_are_read(encoding):
    assert key_lines("a.html\r\né.html\r\n".encode(encoding)).lines == (b"a.html", "é.html".encode())


def test_half_a_character_of_utf_16_is_said():
    with pytest.raises(NoKeysError, match="begins as UTF-16"):
        key_lines("a.html\n".encode("utf-16")[:-1])


def test_a_slash_before_keys_is_said(typed, tmp_path):
    (tmp_path / "keys").write_text("a.html\n/b.html\n")
    (tmp_path / "e1").write_text(json.dumps(DISTRIBUTION))
    command = [
        "plan",
        "--bucket",
        "my-site",
        "--keys",
        str(tmp_path / "keys"),
        "--distribution",
        str(tmp_path / "e1"),
    ]
    assert "line 2 begins with a slash, which counts as the key's own" in typed(*command).err
    assert "slash" not in typed(*command, "--literal").err


LISTED = "2026-11-26 01:00:00       1234 docs/a.html\n"
INVENTORY = '"my-site","docs/a+b.html","12"\n"my-site","c%20d.html","3"\n'
NO_KEYS = {
    "s3://my-site/docs/a.html\ns3://my-site/b.html\n": "line 1 is a URL of S3",
    "a.html\ns3://my-site/b.html\n": "line 2 is a URL of S3",
    "https://my-site.s3.amazonaws.com/a.html\n": "line 1 is a URL, not a key",
    "a.html\narn:aws:s3:::my-site/b.html\n": "line 2 is an ARN",
    "./a.html\n./docs/b.html\n": "line 1 is a path of a local file",
    LISTED: "line 1 is what aws s3 ls prints",
    f"                           PRE docs/\n{LISTED}": "line 1 is what aws s3 ls prints",
    "upload: site/a.html to s3://my-site/a.html\n": "line 1 is what aws s3 sync or cp prints",
    "(dryrun) delete: s3://my-site/a.html\n": "line 1 is what aws s3 sync or cp prints",
    '{"Contents": [{"Key": "a.html"}]}': "line 1 is JSON",
    '[\n  "a.html"\n]\n': "line 1 is JSON",
    '{"key": "a.html"}\n{"key": "b.html"}\n': "line 1 is JSON",
    '"a.html"\n"b.html"\n': "line 1 is a quoted string",
    INVENTORY: "line 1 is a row of CSV",
    "Bucket,Key,Size\nmy-site,a.html,12\n": "line 1 is a row of CSV",
    '"my-site","a.html",12\n"my-site","b,c.html",3\n': "line 1 is a row of CSV",
    'my-site,"a, b.html",12\nmy-site,c.html,3\n': "line 1 is a row of CSV",
    '"a, b.html",12\n': "line 1 is a row of CSV",
    '"my-site";"a.html"\n': "line 1 is a row of CSV",
    '"a.html"\t12\n"b.html"\t3\n': "line 1 is a row of CSV",
    'a.html\n"b, c.html"\n': "line 1 is a row of CSV",
    '"a.html","x"\n"b.html","x","y"\n': "line 1 is a row of CSV",
    "a.html\rb.html\rc.html\r": "line 1 has a CR (\\r) in its midst",
    "a.html\rb.html": "line 1 has a CR (\\r) in its midst",
    "a.html\nb\rc.html\n": "line 2 has a CR (\\r) in its midst",
    "a.html\r\nb.html\nc.html\r\n": "line 1 ends in CR (\\r), line 2 does not",
}


@pytest.mark.parametrize("content", NO_KEYS)
def test_lines_that_are_no_keys_are_refused_with_the_way_to_keys(typed, tmp_path, content):
    file = tmp_path / "keys"
    file.write_bytes(content.encode())
    answer = typed("plan", "--bucket", "my-site", "--keys", str(file), "--distribution", "none")
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith(f"invalidator: {file}: {NO_KEYS[content]}"), answer.err


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("s3://my-site/docs/a.html\n", ["docs/a.html"]),
        ("https://d1.cloudfront.net/docs/a.html\n", ["docs/a.html"]),
        ("arn:aws-cn:s3:::my-site/docs/a.html\n", ["docs/a.html"]),
        ("./docs/a.html\n./b.html\n", ["docs/a.html", "b.html"]),
        ("upload: site/a b.html to s3://my-site/a b.html\n", ["a b.html"]),
        (INVENTORY, ["docs/a b.html", "c d.html"]),
        ("a.html\rb.html\r", ["a.html", "b.html"]),
        ("a.html\r\nb.html\nc.html\r\n", ["a.html", "b.html", "c.html"]),
    ],
)
def test_the_fix_that_is_named_gives_the_keys(tmp_path, content, keys):
    """As typed; those with jq and with the AWS CLI ask for programs that the tests do not have."""
    file = tmp_path / "keys"
    file.write_bytes(content.encode())
    with pytest.raises(NoKeysError) as refused:
        key_lines(content.encode())
    fix = str(refused.value).partition("; ")[2].partition(": ")[2]
    command = (fix[fix.index("python3") :] if "python3" in fix else fix).partition("; if ")[0]
    ran = subprocess.run(
        ["sh", "-c", command.replace("FILE", str(file))], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == keys
    assert [line.decode() for line in key_lines(ran.stdout.encode()).lines] == keys


@pytest.mark.parametrize(
    "content",
    [
        "a,b.html\nc.html\n",
        'said, "yes".html\n',
        'plain.html\na,"b",c.html\n',
        'the "best", so far.html\n',
        "a;b\tc.html\n",
        '"\n',
        '{"a".html\n',
        "[slug].html\n",
        '"a".html\n"b"\n',
        "2026-11-26 notes.html\n",
        "key\n",
        "a\r\nb",
        "a\r",
    ],
)
def test_keys_that_look_like_something_else_are_keys(content):
    lines = key_lines(content.encode()).lines
    assert [line.decode() for line in lines] == content.replace("\r", "").splitlines()


@pytest.mark.parametrize("content", NO_KEYS)
def test_literal_takes_every_line_as_a_key_as_the_refusal_says(content):
    lines = content.split("\n")
    read = key_lines(content.encode(), literal=True)
    assert [line.decode() for line in read.lines] == (lines if lines[-1] else lines[:-1])


@pytest.mark.parametrize("command", [("plan", "--bucket", "my-site"), ("simulate",)])
def test_literal_can_be_typed_where_keys_are(typed, tmp_path, command):
    file, made = tmp_path / "keys", tmp_path / "e1.json"
    file.write_bytes(b'"my-site","a.html"\n')
    made.write_text(json.dumps({"Id": "E1", "DistributionConfig": config("my-site.s3.amazonaws.com")}))
    offline = ("--distribution", str(made)) if command[0] == "plan" else ()
    refused = typed(*command, "--keys", str(file), *offline, "--json")
    assert (refused.code, refused.out) == (1, "")
    assert "if keys look so: --literal" in refused.err
    answer = typed(*command, "--keys", str(file), *offline, "--json", "--literal")
    assert answer.code == 0, answer.err
    if command[0] == "plan":
        assert answer.data["distributions"][0]["paths"] == ["/%22my-site%22,%22a.html%22"]
