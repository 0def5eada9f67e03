"""`make smoke`: proves the whole chain in your account, and reports how CloudFront read what AWS leaves open.

It makes a bucket and a distribution, connects the bucket to your stack, changes its objects, and looks at the edge as a
viewer until every page is new. Then it removes what it made. It takes some minutes, most of them CloudFront's own, and
about twelve invalidation paths of the month's free thousand.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.main import main as invalidator
from infra.smoke.chain import PAGES, QUESTIONS, Chain, Fresh, Reading
from infra.smoke.resources import ERROR_PAGE, PREFIX, Resources, SmokeError
from infra.smoke.viewer import EdgeViewer

FORM = ".github/ISSUE_TEMPLATE/what-cloudfront-did.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the smoke; return the exit code: 0 where every page became new and all is removed."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--stack", default="cloudfront-invalidator", help="the stack to prove")
    parser.add_argument("--edge", help="URL of a stand-in for CloudFront's edge, such as the local AWS's")
    parser.add_argument("--keep", action="store_true", help="leave bucket and distribution for a look")
    parser.add_argument("--remove", action="store_true", help="only remove what earlier runs left")
    given = parser.parse_args(arguments)
    session = boto3.Session()
    if not session.region_name:
        print("error: no AWS Region: set AWS_REGION, or a region in your AWS profile", file=sys.stderr)
        return 1
    resources = Resources(session.client, session.region_name, _say)  # type: ignore[arg-type]  # a service's name
    try:
        if given.remove:
            for name in resources.left():
                _run("bucket", "disconnect", name, stack=given.stack, must=False)
                resources.remove(name)
            return 0
        return _smoke(resources, given.stack, EdgeViewer(given.edge), keep=given.keep)
    except (SmokeError, OSError, ClientError, BotoCoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _smoke(resources: Resources, stack: str, viewer: EdgeViewer, *, keep: bool) -> int:
    name = f"{PREFIX}{secrets.token_hex(6)}"
    _say(f"making a bucket and a distribution: {name}")
    _say("if this is interrupted: make smoke SMOKE_ARGS=--remove")
    try:
        made = resources.make(name)
        chain = Chain(resources.s3, resources.cloudfront, made, viewer)
        _say("asking how CloudFront reads paths")
        readings = [
            chain.read(*question, reference=f"question-{number}") for number, question in enumerate(QUESTIONS)
        ]
        urls = [url for each in PAGES.values() for url in each]
        chain.write([*PAGES, ERROR_PAGE], "first version")
        _run("bucket", "connect", name, stack=stack)
        _say("waiting until S3 tells the stack of changes")
        chain.connected()
        chain.warm(urls, "first version")
        _say("uploading the second version")
        chain.write([*PAGES], "second version")
        fresh = chain.fresh(urls, "second version")
        _run("explain", f"s3://{name}/index.html", stack=stack)
        _run("bucket", "disconnect", name, stack=stack)
        print(report(fresh, readings))
    finally:
        if not keep:
            _say("removing what was made (CloudFront needs minutes to switch a distribution off)")
            resources.remove(name)
    return 0


def report(fresh: Sequence[Fresh], readings: Sequence[Reading]) -> str:
    """Return what was seen as Markdown, for the reader and for the project's form."""
    lines = ["", "| URL | new after |", "| --- | --- |"]
    lines += [f"| `{each.url}` | {each.seconds:.1f} s |" for each in fresh]
    lines += ["", "| question | path sent | URL cached | purged |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {each.question} | `{each.path}` | `{each.url}` | {'yes' if each.purged else 'no'} |"
        for each in readings
    ]
    lines += ["", f"Every page became new. Please tell the project what CloudFront did: {FORM}"]
    return "\n".join(lines)


def _run(*words: str, stack: str, must: bool = True) -> None:
    """Run a command of the operator's command line, as a reader would type it."""
    _say(f"$ invalidator {' '.join(words)} --stack {stack}")
    try:
        invalidator([*words, "--stack", stack])
    except SystemExit as ended:
        if ended.code and must:
            raise SmokeError(f"invalidator {words[0]} ended with {ended.code}") from ended


_STARTED = time.monotonic()


def _say(text: str) -> None:
    elapsed = time.monotonic() - _STARTED
    print(f"{elapsed // 60:3.0f}:{elapsed % 60:02.0f} {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
