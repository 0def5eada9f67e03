"""`python -m infra.local`: keeps a local AWS running until Ctrl-C, for people who want to play."""

import signal
import sys
import threading

from infra.local.aws import local_aws


def main() -> None:
    """Run until Ctrl-C or SIGTERM; the export lines go to stdout, talk to stderr."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with local_aws() as aws:
        for name, value in aws.environment.items():
            print(f"export {name}={value}", flush=True)
        print(
            "The local AWS runs; paste these lines into another shell, then use the AWS CLI, sam or\n"
            f"invalidator there as with an account. Logs: {aws.logs}. Ctrl-C ends it.\n"
            f"Distributions are served, with a cache as CloudFront has it, on {aws.edge.url('DISTRIBUTION-ID')}",
            file=sys.stderr,
        )
        ended.wait()


main()
