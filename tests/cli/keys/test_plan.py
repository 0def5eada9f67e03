"""`invalidator plan` as a person types it, without an AWS account."""

import io
import json
import re
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.keys.commands import plan
from infra.cli.keys.planning import plan_for
from invalidator.core.limits.allowance import Allowance
from invalidator.core.routing.distribution import Behavior, Distribution, Origin
from invalidator.core.routing.paths.viewer_paths import Router
from invalidator.core.routing.settings import RoutingSettings
from tests.cli.made_distributions import OPTIMIZED, config, create, write

SITE = "site.s3.eu-west-1.amazonaws.com"


@pytest.fixture
def folder(tmp_path):
    def keys(name, *lines):
        (tmp_path / name).write_bytes("".join(f"{line}\n" for line in lines).encode())
        return str(tmp_path / name)

    return SimpleNamespace(path=tmp_path, keys=keys)


def planned(typed, *arguments):
    answer = typed("plan", "--bucket", "site", "--json", *arguments)
    assert answer.code == 0, answer.err
    return answer.data


def test_the_json_is_the_contracts(typed, folder):
    keys = folder.keys("keys", "pub/a.html", "pub/img/1.png", "pub/img/2.png", "private/x", "pub/a.html")
    others = ("pub/img/3.png", "pub/z.html")
    inventory = folder.keys("all", "pub/a.html", "pub/img/1.png", "pub/img/2.png", "private/x", *others)
    file = write(folder.path, "E1", config(SITE, path="/pub"))

    answer = planned(
        typed, "--keys", keys, "--inventory", inventory, "--distribution", file, "--max-paths", "2"
    )

    assert answer == {
        "bucket": "site",
        "keys": 4,  # each once
        "distributions": [
            {
                "id": "E1",
                "paths": ["/a.html", "/img/*"],
                "exact": 1,
                "wildcards": 1,
                "cost_usd": 0.01,
                "collateral": 1,
                "unserved_keys": ["private/x"],
            }
        ],
    }


def test_without_an_inventory_nobody_knows_what_else_is_purged(typed, folder):
    file = write(folder.path, "E1", config(SITE))
    answer = planned(typed, "--keys", folder.keys("keys", "a"), "--distribution", file)
    assert answer["distributions"][0]["collateral"] is None


def test_several_distributions_are_planned_each_for_itself(typed, folder):
    files = [write(folder.path, "E1", config(SITE)), write(folder.path, "E2", config(SITE, path="/docs"))]
    answer = planned(
        typed, "--keys", folder.keys("keys", "docs/a"), "--distribution", files[0], "--distribution", files[1]
    )
    assert [(each["id"], each["paths"]) for each in answer["distributions"]] == [
        ("E1", ["/docs/a"]),
        ("E2", ["/a"]),
    ]


def test_keys_and_index_documents_are_read_as_they_are_written(typed, folder):
    file = write(folder.path, "E1", config(SITE))
    name = folder.keys("keys", " b c ", "é/home.htm")
    answer = planned(typed, "--keys", name, "--distribution", file, "--index-documents", "home.htm, x")
    assert answer["distributions"][0]["paths"] == [
        "/%20b%20c%20", "/%C3%A9", "/%C3%A9/", "/%C3%A9/home.htm", "/+b+c+",
    ]  # fmt: skip


def test_a_windows_file_and_empty_lines_hold_the_same_keys(typed, folder):
    name = folder.path / "keys"
    name.write_bytes(b"\xef\xbb\xbfa.html\r\n\r\nb.html\r\n")
    file = write(folder.path, "E1", config(SITE))
    answer = typed("plan", "--bucket", "site", "--keys", str(name), "--distribution", file, "--json")
    assert answer.data["distributions"][0]["paths"] == ["/a.html", "/b.html"]
    assert answer.err.startswith(f"note: {name}: 1 empty line passed over, the first is line 2\n")


def test_keys_come_from_stdin(typed, folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))
    file = write(folder.path, "E1", config(SITE))
    assert planned(typed, "--keys", "-", "--distribution", file)["distributions"][0]["paths"] == ["/a", "/b"]


def test_no_changed_key_sends_nothing(typed, folder):
    file = write(folder.path, "E1", config(SITE))
    answer = planned(typed, "--keys", folder.keys("keys"), "--distribution", file)
    assert (answer["keys"], answer["distributions"][0]["paths"]) == (0, [])


def test_an_unknown_cache_policy_counts_as_query_string_sensitive_and_is_said(typed, folder):
    file = write(folder.path, "E1", config(SITE, policy="my-own"))
    arguments = ("--bucket", "site", "--keys", folder.keys("keys", "a"), "--distribution", file, "--json")
    answer = typed("plan", *arguments)
    assert answer.data["distributions"][0]["paths"] == ["/a*"]
    assert f"{file}: cache policy my-own is not known" in answer.err

    policy = folder.path / "policy.json"
    parameters = {"QueryStringsConfig": {"QueryStringBehavior": "none"}}
    policy.write_text(
        json.dumps(
            {
                "CachePolicy": {
                    "Id": "my-own",
                    "CachePolicyConfig": {"ParametersInCacheKeyAndForwardedToOrigin": parameters},
                }
            }
        )
    )
    answer = typed("plan", *arguments, "--cache-policy", str(policy))
    assert answer.data["distributions"][0]["paths"] == ["/a"]
    assert "is not known" not in answer.err


def test_the_table_for_people_fits_80_columns_and_shows_no_escape_of_a_key(typed, folder):
    file = write(folder.path, "E1", config(SITE, path="/pub"))
    keys = folder.keys("keys", *(f"pub/{n}.js" for n in range(30)), "evil\x1b[31m\u202e")
    answer = typed("plan", "--bucket", "site", "--keys", keys, "--distribution", file)
    assert answer.code == 0
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out
    assert "evil\\x1b[31m\\u202e" in answer.out
    assert re.search(r"^E1 +30 +0 +\$0.150 +unknown +1$", answer.out, re.MULTILINE)
    assert "… and 10 more; --json shows all" in answer.out


@pytest.mark.parametrize(
    ("keys", "most", "wildcards"),
    [
        (125, 125, 10),  # half of what a month begins with, a quarter of 1,000, may be spent exactly
        (126, 10, 10),  # more is a bulk upload: a twenty-fifth of it
        (2000, 10, 10),
    ],
)
def test_without_a_stack_the_defaults_of_a_fresh_month_decide(typed, folder, keys, most, wildcards):
    names = [f"{number // 20}/{number}.js" for number in range(keys)]
    file = write(folder.path, "E1", config(SITE))
    arguments = ("--bucket", "site", "--keys", folder.keys("keys", *names), "--distribution", file, "--json")
    answer = typed("plan", *arguments)
    (found,) = answer.data["distributions"]
    assert len(found["paths"]) <= most
    assert found["wildcards"] <= wildcards
    assert (found["exact"] == keys) == (keys <= most)
    assert (
        f"E1 would get at most {most} paths by the template's defaults on a month's first day" in answer.err
    )
    typed_limit = typed("plan", *arguments, "--max-paths", "2000")
    assert typed_limit.data["distributions"][0]["exact"] == keys
    assert typed_limit.err == ""


@pytest.mark.parametrize("keys", [100, 300])
def test_plan_promises_what_a_stack_sends_that_has_spent_nothing(typed, folder, stored, monkeypatch, keys):
    """The same keys, by a file and by a stack with the template's defaults."""
    created = create(config(SITE))
    stored.survey()
    variables = stored.functions.configuration["Environment"]["Variables"]
    variables |= {"MAX_PATHS": "1000", "MAX_WILDCARDS": "15", "INDEX_DOCUMENTS": "index.html"}
    monkeypatch.setattr(time, "time", datetime(2027, 1, 1, tzinfo=UTC).timestamp)
    names = folder.keys("keys", *(f"{number // 20}/{number}.js" for number in range(keys)))
    file = write(folder.path, created, config(SITE))
    by_stack = typed("plan", "--bucket", "site", "--keys", names, "--json").data
    by_file = typed("plan", "--bucket", "site", "--keys", names, "--json", "--distribution", file).data
    assert by_file == by_stack


def test_wildcards_come_first_each_with_what_it_purges(typed, folder):
    changed = [f"img/{number}.png" for number in range(4)] + ["a.html"]
    inventory = folder.keys("all", *changed, "img/x.png", "img/y.png", "b.html")
    file = write(folder.path, "E1", config(SITE))
    arguments = ("plan", "--bucket", "site", "--keys", folder.keys("keys", *changed), "--distribution", file,
                 "--max-paths", "2")  # fmt: skip
    assert (
        "would be sent:\n  /img/*  4 changed, 2 besides\n  /a.html\n"
        in typed(*arguments, "--inventory", inventory).out
    )
    without = typed(*arguments).out
    assert "would be sent:\n  /img/*  4 changed\n  /a.html\n" in without
    assert "What wildcards purge besides is not known without --inventory." in without


def test_with_files_boto3_is_not_even_imported(folder):
    file = write(folder.path, "E1", config(SITE))
    program = (
        "import sys\n"
        "from infra.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    assert 'boto3' not in sys.modules\n"
        "    assert 'botocore.session' not in sys.modules\n"
    )
    arguments = ["plan", "--bucket", "site", "--keys", folder.keys("keys", "a"), "--distribution", file]
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (0, 1)  # what it counts with
    assert "/a" in ended.stdout


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "not JSON: Expecting value in line 1, column 1"),
        ("{", "not JSON: Expecting property name"),
        ("[" * 100_000, "not JSON that can be read"),
        (b"\xff{}", "not"),
        ("[]", "not a distribution: Origins: field required; give what this prints"),
        ("{}", "not a distribution: Origins: field required"),
        ('{"Distribution": {"Id": "E1"}}', "not a distribution: Origins: field required"),
        (
            '{"Distribution": {"Id": "E1", "DistributionConfig": {"Origins": {"Items": [{"Id": "o"}]}}}}',
            "not a distribution: DistributionConfig.Origins.Items.0.DomainName: field required",
        ),
        ('{"DistributionConfig": {}}', "not a distribution: Id: missing; get-distribution prints it"),
    ],
)
def test_a_file_that_is_no_distribution_is_one_line_with_file_and_field(typed, folder, document, said):
    file = folder.path / "e.json"
    file.write_bytes(document if isinstance(document, bytes) else document.encode())
    answer = typed("plan", "--bucket", "b", "--keys", folder.keys("keys", "a"), "--distribution", str(file))
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith(f"invalidator: {file}: {said}")


def test_other_bad_input_is_one_line_that_names_it(typed, folder):
    file = write(folder.path, "E1", config(SITE))
    keys = folder.keys("keys", "a")
    not_text = folder.path / "latin1"
    not_text.write_bytes(b"a\nb\nstra\xdfe\n")
    cases = {
        ("--keys", str(not_text), "--distribution", file): f"{not_text}: line 3 is not UTF-8",
        ("--keys", "nowhere", "--distribution", file): "nowhere: cannot be read: No such file or directory",
        (
            "--keys",
            str(folder.path),
            "--distribution",
            file,
        ): f"{folder.path}: cannot be read: Is a directory",
        ("--keys", keys, "--distribution", file, "--cache-policy", file): f"{file}: not a cache policy: Id",
        (
            "--keys",
            keys,
            "--distribution",
            file,
            "--distribution",
            file,
        ): f"{file}: Id: E1 is in {file} already",
        ("--keys", keys, "--cache-policy", file): "--cache-policy needs --distribution",
        ("--keys", "-", "--distribution", "-"): "stdin can be read once only",
        ("--keys", keys, "--distribution", file, "--max-paths", "0"): "Invalid value for '--max-paths'",
    }
    for arguments, said in cases.items():
        answer = typed("plan", "--bucket", "site", *arguments)
        assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1), arguments
        assert answer.err.startswith(f"invalidator: {said}"), answer.err


def test_the_example_in_the_help_works(typed, folder, monkeypatch):
    write(folder.path, "e1", config("my-site.s3.amazonaws.com"))  # what the example's first line prints
    monkeypatch.chdir(folder.path)
    example = plan.help.partition("Example:\n")[2].splitlines()
    subprocess.run(["sh", "-c", example[1]], check=True)
    answer = typed(*shlex.split(example[2])[1:])
    assert answer.code == 0
    assert "  /img/logo.svg\n" in answer.out


def test_without_files_the_stacks_routes_settings_and_budget_decide(typed, folder, stored):
    created = create(config(SITE, path="/pub"))
    create(config("other.s3.amazonaws.com"))
    stored.survey()
    before = list(stored.routes.all_routes())
    keys = folder.keys("keys", *(f"pub/{n}/default.htm" for n in range(100)))
    answer = typed("plan", "--bucket", "site", "--keys", keys, "--json")
    assert answer.code == 0, answer.err
    (only,) = answer.data["distributions"]
    assert only["id"] == created
    assert only["wildcards"] <= 10  # the function's MAX_WILDCARDS
    assert "10 of them wildcards" in answer.err

    stored.record("EANY", "I1", time.time(), *("/x",) * 5000)
    answer = typed("plan", "--bucket", "site", "--keys", keys, "--json")
    assert len(answer.data["distributions"][0]["paths"]) == 1  # the month's budget is used up
    asked_for = typed(
        "plan", "--bucket", "site", "--keys", keys, "--json", "--max-paths", "300", "--max-wildcards", "5"
    )
    assert len(asked_for.data["distributions"][0]["paths"]) == 300  # three paths a key
    assert list(stored.routes.all_routes()) == before  # it only looked


def test_what_is_in_progress_leaves_less_room(typed, folder, stored):
    created = create(config(SITE))
    stored.survey()
    stored.record(created, "I1", time.time(), *(f"/{n}*" for n in range(9)))
    answer = typed("plan", "--bucket", "site", "--keys", folder.keys("keys", "a"))
    assert "3 of them wildcards" in answer.err


def test_a_bucket_that_nobody_serves_is_said(typed, folder, stored):
    stored.survey()
    answer = typed("plan", "--bucket", "nobody", "--keys", folder.keys("keys", "a"), "--json")
    assert answer.data == {"bucket": "nobody", "keys": 1, "distributions": []}
    assert "no distribution was known to serve nobody at 20" in answer.err


def test_a_stack_that_is_not_there_is_one_line(typed, folder, stored):
    answer = typed("plan", "--bucket", "b", "--keys", folder.keys("keys", "a"), "--stack", "nope")
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "no stack 'nope'" in answer.err


names = st.text(st.sampled_from("ab/~ .ü?"), min_size=1, max_size=6)


@given(
    st.sets(names, max_size=12),
    st.sets(names, max_size=12),
    st.integers(1, 4),
    st.integers(1, 2),
    st.booleans(),
)
def test_collateral_is_what_a_purge_by_the_book_removes(changed, others, paths, wildcards, by_query_string):
    """Counted the slow way: each viewer path of each unchanged object, held against each sent path."""
    distribution = Distribution(
        "E1",
        (Origin("o", SITE, "site"),),
        (Behavior("*", ("o",), query_strings=by_query_string),),
        root_object="a",
    )
    router = Router(distribution, "site", RoutingSettings(("b",)))
    made = plan_for(
        (router,), tuple(changed), lambda _: Allowance(paths, min(paths, wildcards)), tuple(changed | others)
    )

    def purged(path):
        stem = path.removesuffix("*")
        return any(
            stem.startswith(sent[:-1]) if sent.endswith("*") else stem == sent for sent in made.sent.paths
        )

    unchanged = others - changed
    assert made.collateral == sum(any(map(purged, router.paths(key))) for key in unchanged)
    assert all(purged(path) for key in changed for path in router.paths(key))
    assert made.unserved == tuple(key for key in changed if not router.paths(key))


def test_an_index_document_counts_once_among_what_would_be_purged():
    """`/d/*` purges one index document (three paths), `/e/*` two plain objects: the first is the smaller harm."""
    distribution = Distribution("E1", (Origin("o", SITE, "site"),), (Behavior("*", ("o",)),))
    router = Router(distribution, "site", RoutingSettings(("index.html",)))
    changed = ["d/1", "d/2", "e/1", "e/2"]
    unchanged = ["d/x/index.html", "e/x", "e/y"]
    made = plan_for((router,), changed, lambda _: Allowance(3, 1), changed + unchanged)
    assert made.sent.wildcards == ("/d/*",)
    assert made.collateral == 1


def test_a_distribution_pinned_twice_is_planned_once_with_the_paths_of_both():
    """Two pins with different prefixes stand beside each other."""
    routers = [
        Router(
            Distribution("E1", (Origin("o", "", "site", prefix=prefix),), (Behavior("*", ("o",)),)), "site"
        )
        for prefix in ("a/", "b/")
    ]
    made = plan_for(routers, ["a/1", "b/1", "c/1"], lambda _: Allowance(10, 1))
    assert (made.sent.paths, made.unserved) == (("/a/1", "/b/1"), ("c/1",))


def test_the_managed_policy_of_these_tests_is_one_without_query_strings(typed, folder):
    file = write(folder.path, "E1", config(SITE, policy=OPTIMIZED))
    answer = planned(typed, "--keys", folder.keys("keys", "a"), "--distribution", file)
    assert answer["distributions"][0]["paths"] == ["/a"]


@pytest.mark.parametrize("name", ["", "s3://site", "site/img"])
def test_a_bucket_is_named_alone(typed, folder, name):
    answer = typed("plan", "--bucket", name, "--keys", folder.keys("k", "a"), "--distribution", "none.json")
    assert (answer.code, answer.out) == (1, "")
    assert "give the bucket's name alone" in answer.err
