"""What every command prints with --json is what infra/json-output.md states: each field, and no other.

After a deliberate change: JSON_OUTPUT=write pytest tests/cli/test_json_output.py writes the lists anew.
"""

import os
import re
import time
from pathlib import Path

import boto3
import pytest

from bucket_watch.standing import Standing, StandingTable
from invalidator.aws.cloudfront import CloudFrontInvalidations
from invalidator.core.remembering.memory_state import MemoryState
from invalidator.core.routing.pins import Pin
from tests.cli.dlq.desk import compact, notification
from tests.cli.made_distributions import config, create, write
from tests.cli.stored import remember
from tests.cli.test_help import pages
from tests.cli.wait.test_wait import ALLOWED, make_bucket

DOCUMENT = Path(__file__).parents[2] / "infra/json-output.md"
SITE = "site.s3.eu-west-1.amazonaws.com"
# What holds a name of the user's in the place of a field.
BY_NAME = re.compile(r"(^|\.)(covered_by|by_reason|unreadable|paused|attributes|waiting\[\]\.paths|moved)$")
# They print no document: a script for the shell, files, or a line for each entry.
NONE = {"logs", "dlq export", "pending export", "completion", "policy"}


def fields(data, path=""):
    """Each field that a document has, with its type: `pending[].paths: number`."""
    if isinstance(data, dict):
        for name, value in data.items():
            step = "*" if BY_NAME.search(path) else name
            yield from fields(value, f"{path}.{step}" if path else step)
    elif isinstance(data, list):
        if not data:
            yield f"{path}: list"
        for each in data:
            yield from fields(each, f"{path}[]")
    elif data is not None:
        kind = {bool: "true or false", str: "text"}.get(type(data), "number")
        yield f"{path}: {kind}"
    else:
        yield f"{path}: null"


def stated():
    """Command → its fields, as the document lists them."""
    found = re.findall(
        r"^### `([a-z ]+)`\n\n```\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return {name: set(text.splitlines()) for name, text in found}


@pytest.fixture
def desk(deployed_desk, monkeypatch):
    """A stack with some of everything."""
    monkeypatch.setattr("infra.cli.wait.waiting.POLL_SECONDS", 0.05)
    monkeypatch.setattr(CloudFrontInvalidations, "completed", lambda *_: False)
    desk = deployed_desk
    desk.sqs.policy = ALLOWED
    make_bucket("site", desk.sqs.outputs["QueueArn"])
    boto3.client("s3", region_name="eu-west-1").put_object(Bucket="site", Key="a.html", Body=b"x")
    document = config(SITE, root="index.html")
    document["Aliases"] = {"Quantity": 1, "Items": ["www.example.com"]}
    desk.made = create(document)
    desk.stored.survey()
    now = time.time()
    desk.stored.record(desk.made, "I1", now - 20, "/a.html", completed=True)
    desk.stored.record(desk.made, "I2", now - 5, "/*")
    desk.stored.changes("site", ["b.html"], now)
    standing = Standing(
        "lost", "bucket connect", now, 0.0, now, ("it is gone",), "invalidator bucket connect lost"
    )
    StandingTable(desk.stored.table).save(standing)
    desk.letter = desk.bury(compact(desk.made, ("site",), {"/x": now}), "access-denied", Detail="no")
    desk.bury(notification(), "unfinished")
    return desk


def printed(desk, folder):
    """Command → the documents that it printed."""
    file = write(folder, "E1", config(SITE))
    keys = folder / "keys.txt"
    keys.write_text("a.html\nprivate/x\n")
    pins = folder / "pins.json"
    offline = ("--distribution", file)
    typed = [
        ("plan", "--bucket", "site", "--keys", str(keys), *offline),
        ("simulate", "--objects", "20", "--directories", "2"),
        ("explain", "s3://site/a.html"),
        ("explain", "https://www.example.com/a.html"),
        ("send", "s3://site/docs/", "s3://site/none.html"),
        ("wait", "s3://site", "--settle", "0", "--timeout", "1"),
        ("verify", "https://www.example.com/a.html", "--edge", "http://127.0.0.1:9"),
        ("bucket", "list", "site"),
        ("bucket", "connect", "site", "--dry-run"),
        ("bucket", "disconnect", "site", "--dry-run"),
        ("route", "list"),
        ("route", "show", "site"),
        ("route", "pin", "site", "--distribution", desk.made, "--origin-path", "/p"),
        ("route", "unpin", "site", "--distribution", desk.made),
        ("route", "refresh"),
        ("route", "import", str(pins)),
        ("route", "export"),
        ("status",),
        ("check", "--repair"),
        ("pending", "list"),
        ("pending", "show", "site"),
        ("pending", "drop", desk.made, "--yes"),
        ("dlq", "list"),
        ("dlq", "show", desk.letter),
        ("dlq", "explain"),
        ("dlq", "redrive"),
        ("dlq", "purge"),
        ("pause",),
        ("resume",),
    ]
    desk.stored.pins.pin(Pin("site", desk.made, "/q"))
    pins.write_text(desk.run("route", "export").out)
    documents = {}
    for words in typed:
        answer = desk.run(*words, "--json")
        assert answer.out, f"{words}: {answer.err}"
        name = " ".join(
            each for each in words[: 2 if words[0] in {"bucket", "route", "pending", "dlq"} else 1]
        )
        documents.setdefault(name, []).append(answer.data)
    memory = remember(boto3.client("dynamodb"), desk.function, "site", queue=desk.sqs.outputs["QueueUrl"])
    for state in (None, MemoryState(epoch=1, complete=time.time(), basis="")):
        assert state is None or memory.save("site", state)
        answer = desk.run("bucket", "remember", "site", "--json")
        documents.setdefault("bucket remember", []).append(answer.data)
    return documents


def test_every_command_states_what_its_json_holds(desk, tmp_path):
    documents = printed(desk, tmp_path)
    found = {name: set().union(*map(fields, each)) for name, each in documents.items()}
    if os.environ.get("JSON_OUTPUT") == "write":
        write_document(found)
    told = stated()
    groups = {"", "bucket", "route", "pending", "dlq"}
    assert {" ".join(page) for page in pages()} - groups - NONE <= set(told), (
        "each command with --json is stated"
    )
    for name, lines in found.items():
        assert lines - told[name] == set(), f"{name} prints what is not stated"
        top = {re.split(r"[.\[:]", line)[0] for line in told[name]}
        assert top == {re.split(r"[.\[:]", line)[0] for line in lines}, f"{name} lacks what is stated"


def write_document(found):
    text = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    head = text.partition("\n### ")[0].rstrip()
    parts = [
        f"### `{name}`\n\n```\n" + "\n".join(sorted(lines)) + "\n```\n"
        for name, lines in sorted(found.items())
    ]
    DOCUMENT.write_text(head + "\n\n" + "\n".join(parts), "utf-8")
