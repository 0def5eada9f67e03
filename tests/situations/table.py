"""The situations, produced on purpose on a local AWS; where it cannot, by what the worker would have left there."""

import json
import time
from collections.abc import Callable, Mapping

from infra.local.sample_site import make_bucket, make_distribution
from infra.local.troubles import TROUBLES
from invalidator.core.reasons import Reason
from tests.cli.dlq.desk import compact, notification
from tests.cli.made_distributions import config
from tests.situations.situation import Desk, Situation


def file(name: str, content: str | dict) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        (desk.folder / name).write_text(content if isinstance(content, str) else json.dumps(content))

    return make


def both(*deeds: Callable[[Desk], None]) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        for deed in deeds:
            deed(desk)

    return make


def trouble(name: str) -> Callable[[Desk], None]:
    return lambda desk: TROUBLES[name].make(desk.place)


def lacks(*names: str) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        desk.names["whole"] = json.dumps(desk.environment)
        desk.environment = {name: value for name, value in desk.environment.items() if name not in names}

    return make


def whole_again(desk: Desk) -> None:
    desk.environment = json.loads(desk.names["whole"])


def letter(reason: str, body: str, **attributes: str) -> Callable[[Desk], None]:
    """A dead letter as the worker writes it; all that was there before is away."""

    def make(desk: Desk) -> None:
        sqs, url = desk.client("sqs"), desk.place.outputs["DeadLetterQueueUrl"]
        sqs.purge_queue(QueueUrl=url)
        named = attributes | ({"Reason": reason} if reason else {})
        sqs.send_message(
            QueueUrl=url,
            MessageBody=desk.named(body),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": desk.named(value)}
                for name, value in named.items()
            },
        )

    return make


DISTRIBUTION = {"Id": "E1", "DistributionConfig": config("my-site.s3.amazonaws.com")}
KEYS = file("keys.txt", "index.html\n")
PLAN = "plan --bucket my-site --keys keys.txt --distribution e1.json"
EXPLAIN = "explain s3://my-site/a.html"
PURGE = "dlq purge --reason {0} --export {0}.jsonl --yes"
REDRIVE = "dlq redrive --reason {0} --yes"
EMPTY = ("dlq list --check", "The dead-letter queue is empty")
STALE = compact("{distribution}", ["my-site"], {"/late.html": time.time()})

AT_THE_DESK = (
    Situation("signed in nowhere", "status", ("no AWS credentials found; sign in",), "sign in",
              lacks("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), whole_again, code=1),
    Situation("no Region is set", "status", ("no AWS region given",), "set AWS_REGION",
              lacks("AWS_REGION", "AWS_DEFAULT_REGION"), whole_again, code=1),
    Situation("a profile is mistyped", "status --profile nobody", ("nobody",), "see: aws configure list-profiles",
              deed=lambda desk: None, mended=("status", "worker"), code=1),
    Situation("the stack has another name", "status --stack nope", ("no stack 'nope' in region eu-central-1",),
              "name it with --stack", deed=lambda desk: None, mended=("status", "worker"), code=1),
    Situation("the stack is somebody else's", "status --stack other", ("has no output QueueUrl",),
              "is it the invalidator's? name it with --stack",
              lambda desk: desk.client("cloudformation").create_stack(StackName="other", TemplateBody=json.dumps(
                  {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})),
              lambda desk: None, ("status", "worker"), 1),
)  # fmt: skip

FILES = (
    Situation("keys with s3:// before them", PLAN, ("line 1 is a URL of S3, not a key",),
              "leave out the bucket: sed 's|^s3://[^/]*/||'",
              both(file("e1.json", DISTRIBUTION), file("keys.txt", "s3://my-site/index.html\n")), KEYS, code=1),
    Situation("what aws s3 ls prints as keys", PLAN, ("line 1 is what aws s3 ls prints",),
              "aws s3api list-objects-v2 --bucket BUCKET --query 'Contents[].[Key]' --output text",
              file("keys.txt", "2026-11-26 01:00:00   12 index.html\n"), KEYS, code=1),
    Situation("a JSON list of keys", PLAN, ("line 1 is JSON, not a key",), "jq -r '.Contents[].Key' FILE",
              file("keys.txt", '{"Contents": [{"Key": "index.html"}]}'), KEYS, code=1),
    Situation("an inventory in CSV as keys", PLAN, ("line 1 is a row of CSV",), "write the column of the keys alone",
              file("keys.txt", '"my-site","index.html","1"\n'), KEYS, code=1),
    Situation("a table of CSV with a quote here and there as keys", PLAN, ("line 1 is a row of CSV",), "--literal",
              file("keys.txt", 'my-site,"a, b.html",12\nmy-site,c.html,3\n'), KEYS, code=1),
    Situation("lines that a lone CR ends as keys", PLAN, ("line 1 has a CR (\\r) in its midst",),
              "tr '\\r' '\\n' < FILE",
              lambda desk: (desk.folder / "keys.txt").write_bytes(b"a.html\rb.html\r"), KEYS, code=1),
    Situation("a file of keys from two systems", PLAN, ("line 1 ends in CR",), "take them out: tr -d '\\r' < FILE",
              lambda desk: (desk.folder / "keys.txt").write_bytes(b"a\r\nb\nc\r\n"), KEYS, code=1),
    Situation("what get-distribution-config prints", PLAN, ("Id: missing",), "name it with --id",
              file("e1.json", {"DistributionConfig": DISTRIBUTION["DistributionConfig"]}), lambda desk: None,
              (f"{PLAN} --id E1", "/index.html"), 1),
    Situation("a CloudFormation template as a distribution", PLAN, ("it is a CloudFormation document",),
              "give what this prints: aws cloudfront get-distribution --id ID",
              file("e1.json", {"Resources": {"D": {"Type": "AWS::CloudFront::Distribution"}}}),
              file("e1.json", DISTRIBUTION), code=1),
    Situation("a Terraform state as a distribution", PLAN, ("it is a Terraform file",),
              "give what this prints: aws cloudfront get-distribution --id ID",
              file("e1.json", {"terraform_version": "1.9", "resources": []}), file("e1.json", DISTRIBUTION), code=1),
    Situation("a bucket's URL where its name belongs", "plan --bucket s3://my-site --keys keys.txt",
              ("give the bucket's name alone",), "such as my-site", deed=lambda desk: None,
              mended=(PLAN, "/index.html"), code=1),
    Situation("an export into a file that is there", "dlq export keys.txt", ("exists and is not overwritten",),
              "name another file", letter("not-json", "x"), lambda desk: None,
              ("dlq export other.jsonl", "1 dead letter written"), 1),
)  # fmt: skip


def overlapping(desk: Desk) -> None:
    topic = desk.client("sns").create_topic(Name="theirs")["TopicArn"]
    policy = {
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}]
    }
    desk.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    make_bucket(desk.client("s3"), "shared-site")
    theirs = {"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    desk.client("s3").put_bucket_notification_configuration(
        Bucket="shared-site", NotificationConfiguration={"TopicConfigurations": [theirs]}
    )


def lacks_events(desk: Desk) -> None:
    s3 = desk.client("s3")
    found = s3.get_bucket_notification_configuration(Bucket="my-site")["QueueConfigurations"]
    s3.put_bucket_notification_configuration(
        Bucket="my-site",
        NotificationConfiguration={"QueueConfigurations": [{**found[0], "Events": ["s3:ObjectCreated:*"]}]},
    )


def repaired(desk: Desk) -> None:
    """Repair as it asks to be typed: the difference first, which names what writes it."""
    shown = desk.types("check --repair")
    assert "To change it, add --yes" in shown.err, shown
    desk.types("check --repair --yes")


BUCKETS = (
    Situation("a bucket that was never connected", "bucket list new-site", ("not connected",),
              "bucket connect new-site", lambda desk: make_bucket(desk.client("s3"), "new-site"),
              mended=("bucket list new-site", "works")),
    Situation("somebody overwrote the notifications", "bucket list my-site", ("broken", "lost (parameter Buckets)"),
              "check --repair", trouble("overwritten"), repaired,
              mended=("bucket list my-site", "works"), code=3),
    Situation("deleted objects stay on the site", "bucket list my-site", ("broken", "lacks s3:ObjectRemoved:*"),
              "bucket connect my-site", lacks_events, mended=("bucket list my-site", "works"), code=3),
    Situation("the queue lets S3 in no more", "check", ("WRONG", "queue"), "check --repair --yes",
              trouble("queue-shut"), deed=lambda desk: desk.types("check --repair --yes"),
              mended=("bucket list my-site", "works"), code=3),
    Situation("a bucket's name is mistyped", "bucket connect mysite", ("no bucket 'mysite'",), "check its name",
              deed=lambda desk: None, mended=("bucket connect my-site", "connected already"), code=1),
    Situation("another notification is in the way", "bucket connect shared-site", ("'theirs'",), "EventBridgeBuckets",
              overlapping, lambda desk: None, ("bucket connect shared-site --eventbridge", "sends to EventBridge"), 1),
)  # fmt: skip


def hidden(desk: Desk) -> None:
    made = desk.client("cloudfront").create_distribution(DistributionConfig=config("cdn.example.com"))
    desk.names["hidden"] = made["Distribution"]["Id"]


def another_site(desk: Desk) -> None:
    make_bucket(desk.client("s3"), "late-site")
    desk.names["late"] = make_distribution(desk.client("cloudfront"), "", "late-site")


ROUTES = (
    Situation("a distribution made a moment ago", "explain s3://late-site/a.html", ("no distribution was known",),
              "route list", another_site, lambda desk: desk.types("route refresh"),
              ("explain s3://late-site/a.html", "{late} serves it")),
    Situation("the bucket of an object is mistyped", "explain s3://my-sight/a.html",
              ("no distribution was known to serve my-sight",), "there is no bucket my-sight; is it spelled so?",
              deed=lambda desk: None, mended=(EXPLAIN, "{distribution} serves it"), code=1),
    Situation("an origin hides its bucket", "route list", ("Not resolved", "{hidden}"),
              "route pin BUCKET --distribution {hidden}", hidden,
              lambda desk: desk.types("route pin new-site --distribution {hidden}"),
              ("explain s3://new-site/a.html", "{hidden} serves it")),
    Situation("a pin's distribution is mistyped", "route pin my-site --distribution EXYZ",
              ("no distribution EXYZ in this account",), "for another account's, give --role-arn",
              deed=lambda desk: None, mended=("route list", "my-site"), code=1),
    Situation("a pin to take back is not there", "route unpin my-site --distribution {distribution}",
              ("no such pin of my-site",), "route show my-site", mended=("route show my-site", "{distribution}"),
              code=1),
    Situation("an object was deleted", "explain s3://my-site/gone.html", ("{distribution} serves it",),
              "it does not exist (any more)",
              lambda desk: desk.client("s3").put_object(Bucket="my-site", Key="a.html", Body=b"x"),
              deed=lambda desk: None, mended=(EXPLAIN, "fresh: changed")),
    Situation("a URL of nobody's distribution", "explain https://www.example.net/x", ("www.example.net",),
              "invalidator", deed=lambda desk: None, mended=(EXPLAIN, "fresh"), code=1),
)  # fmt: skip


WORK = (
    Situation("nothing is invalidated: the worker is off", "status", ("paused",), "resume", trouble("paused"),
              mended=("status", "worker on")),
    Situation("a CI job waits for less than S3 may take to tell", "wait s3://my-site --timeout 5",
              ("--timeout 5 ends before an answer can come",), "give a longer --timeout", deed=lambda desk: None,
              mended=("wait s3://my-site --settle 1 --timeout 300", "is fresh"), code=1),
    Situation("a bucket is named where changes are dropped", "pending drop my-site --yes",
              ("my-site is a bucket",), "name a distribution that serves it: {distribution}",
              deed=lambda desk: None, mended=("pending drop {distribution} --yes", "Nothing waits"), code=1),
    Situation("what happened in the last hour?", "logs --minutes 60", ("invalidat",), "{distribution}",
              deed=lambda desk: None, mended=("logs --minutes 60", "INFO")),
)  # fmt: skip


def of_reason(reason: Reason, says: str, then: str, body: str, **attributes: str) -> Situation:
    return Situation(
        f"the alarm on dead letters: `{reason.value}`", f"dlq explain --reason {reason.value}", (says,),
        then.format(reason.value), letter("" if reason is Reason.UNFINISHED else reason.value, body, **attributes),
        mended=EMPTY,
    )  # fmt: skip


LETTERS = (
    of_reason(Reason.NOT_JSON, "not JSON", PURGE, "{oops"),
    of_reason(Reason.NOT_A_NOTIFICATION, "not an S3 notification", PURGE, '{"a": 1}'),
    of_reason(Reason.SUBSCRIPTION_UNCONFIRMED, "SNS wants", PURGE, '{"Type": "SubscriptionConfirmation"}'),
    of_reason(Reason.BAD_RECORD, "lacks its bucket or its key", PURGE, '{"Records": [{}]}'),
    of_reason(Reason.UNSUPPORTED_VERSION, "make deploy", REDRIVE, notification("a.html", "my-site")),
    of_reason(Reason.ACCESS_DENIED, "lacks cloudfront:CreateInvalidation on {distribution}", REDRIVE, STALE),
    of_reason(Reason.DISTRIBUTION_GONE, "does not exist", PURGE, compact("E1GONE", ["my-site"])),
    of_reason(Reason.MAPPING_DENIED, "cloudfront:ListDistributions", REDRIVE, notification("b.html", "my-site")),
    Situation("the alarm on dead letters: `path-refused`", "dlq explain --reason path-refused", ("this one path",),
              PURGE.format("path-refused"), letter("path-refused", STALE), mended=EMPTY),
    Situation("the alarm on dead letters: `unfinished`", "dlq explain --reason unfinished",
              ("crashed", "logs --minutes 60"),
              REDRIVE.format("unfinished"), letter("", notification("c.html", "my-site")), mended=EMPTY),
    Situation("a reason is mistyped", "dlq purge --reason not-jsn --export x.jsonl --yes",
              ("no dead letter has that reason",),
              "is not-json meant?", letter("not-json", "x"),
              lambda desk: desk.types("dlq purge --reason not-json --export x.jsonl --yes"), EMPTY, 1),
    Situation("a reason is mistyped, and the copy forgotten", "dlq purge --reason not-jsn --yes",
              ("no dead letter has that reason",), "is not-json meant?", letter("not-json", "x"),
              lambda desk: desk.types("dlq purge --reason not-json --export w.jsonl --yes"), EMPTY, 1),
    Situation("dead letters are to be thrown away", "dlq purge --yes", ("purge deletes for good",), "--export FILE",
              letter("not-json", "x"), lambda desk: desk.types("dlq purge --export y.jsonl --yes"), EMPTY, 1),
    Situation("a letter's id is mistyped", "dlq show nobody", ("no dead letter 'nobody' was received",),
              "dlq list --json", letter("not-json", "x"),
              deed=lambda desk: desk.types("dlq purge --export z.jsonl --yes"), mended=EMPTY, code=1),
)  # fmt: skip

SITUATIONS: Mapping[str, tuple[Situation, ...]] = {
    "At the desk": AT_THE_DESK,
    "Files that people have": FILES,
    "Buckets": BUCKETS,
    "Who serves what": ROUTES,
    "What failed for good": LETTERS,
    "The work": WORK,
}
