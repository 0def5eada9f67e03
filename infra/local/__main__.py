"""`make local`: a local AWS until Ctrl-C, with the stack deployed and a site connected, for people who want to play.

`make local FAULT=access-denied` makes something go wrong there; `python -m infra.local --bare` deploys nothing.
"""

import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.local import ministack
from infra.local.aws import REPOSITORY, LocalAws, local_aws
from infra.local.ministack import MinistackError
from infra.local.sam import SamError, for_this_machine
from infra.local.sample_site import make_bucket, make_distribution
from infra.local.troubles import TROUBLES, Playground

BUCKET = "my-site"
VARIABLES = REPOSITORY / ".local/environment"
CLI = Path(sys.executable).with_name("invalidator")
BARE = "--bare"


def main(arguments: Iterable[str]) -> int:
    """Run until Ctrl-C or SIGTERM; the export lines go to stdout, talk to stderr. Return the exit code."""
    wanted = [each for each in arguments if each]
    unknown = [each for each in wanted if each not in {BARE, *TROUBLES}]
    if unknown:
        _say(f"no fault is called {unknown[0]!r}; these are there: make local FAULT=NAME")
        for name, trouble in TROUBLES.items():
            _say(f"  {name:<18} {trouble.what}")
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with local_aws() as aws:
            _export(aws)
            if BARE not in wanted:
                _play(aws, wanted)
            _say("Ctrl-C ends it.")
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0
    except (MinistackError, SamError) as error:
        _say(str(error))
        return 1
    finally:
        VARIABLES.unlink(missing_ok=True)


def exports(environment: Mapping[str, str]) -> str:
    """Return the lines that lead a shell's commands to the local AWS; `make deploy` builds for this machine there."""
    variables = {**environment, **for_this_machine(ministack.INTERPRETER)}
    return "".join(f"export {name}={value}\n" for name, value in variables.items())


def _export(aws: LocalAws) -> None:
    lines = exports(aws.environment)
    print(lines, end="", flush=True)
    VARIABLES.parent.mkdir(exist_ok=True)
    VARIABLES.write_text(lines, encoding="utf-8")
    _say(f"The local AWS runs on {aws.endpoint}; its logs are in {aws.logs}.")


def _play(aws: LocalAws, faults: list[str]) -> None:
    """Deploy, connect a site, make the faults, and say what to type."""
    _say("Deploying template.yaml for this machine (about 20 s) …")
    outputs = aws.deploy()
    _keep_tables_as_aws_does(aws)
    aws.client("lambda").invoke(FunctionName=outputs["SweepFunctionName"])  # `check` asks whether it ever ran
    make_bucket(aws.client("s3"), BUCKET)
    distribution = make_distribution(aws.client("cloudfront"), "", BUCKET)
    subprocess.run(
        [CLI, "bucket", "connect", BUCKET],
        env=aws.subprocess_environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    domain = aws.client("cloudfront").get_distribution(Id=distribution)["Distribution"]["DomainName"]
    place = Playground(aws, outputs, BUCKET, distribution)
    first = "status"
    for name in faults:
        TROUBLES[name].make(place)
        first = TROUBLES[name].first
        _say(f"{name}: {TROUBLES[name].what}. It stays so until Ctrl-C.")
    _say(
        f"\nBucket {BUCKET} is served by {distribution}: {aws.edge.url(distribution)}\n"
        "In another shell, here in the repository, type:\n\n"
        f"  . {VARIABLES.relative_to(REPOSITORY)}\n"
        f"  echo hello | curl --silent --show-error --upload-file - {aws.endpoint}/{BUCKET}/index.html\n"
        f"  .venv/bin/invalidator {first}\n"
        f"  .venv/bin/invalidator explain s3://{BUCKET}/index.html\n"
        f"  .venv/bin/invalidator verify https://{domain}/\n\n"
        "Everything that finds AWS by these variables works there: the AWS CLI, make deploy, make status.\n"
        f"What can go wrong on purpose: make local FAULT=NAME ({', '.join(TROUBLES)})."
    )


def _keep_tables_as_aws_does(aws: LocalAws) -> None:
    """Set what the emulator leaves out of the template's tables: `check` would find it missing."""
    database = aws.client("dynamodb")
    for name in database.list_tables()["TableNames"]:
        database.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        database.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
