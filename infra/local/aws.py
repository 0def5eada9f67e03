"""An AWS inside this machine: no account, no Docker, nothing left behind.

MiniStack is the AWS; in front of its CloudFront stands the gate, and beside it the edge that viewers ask. What is
deployed is the real template, by the real `sam build` and `sam deploy`; its queues are read and its schedules run as
they say.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from infra.local import ministack, sam
from infra.local.cloudfront.gate import Gate
from infra.local.cloudfront.quotas import QuotaSettings
from infra.local.edge.edge import EdgeSettings
from infra.local.edge_server.server import EdgeServer

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "template.yaml"
LOGS = REPOSITORY / ".local/logs"
STACK = "cloudfront-invalidator"
# The edge presigns what it reads; S3's own names for buckets do not resolve here.
_PATH_STYLE = Config(signature_version="s3v4", s3={"addressing_style": "path"})


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS.

    Attributes:
        endpoint: its URL.
        gate: what stands in front of its CloudFront.
        edge: where viewers ask for what its distributions serve.
        environment: the variables that lead an SDK to it; see `subprocess_environment` for a child's whole.
        logs: where `ministack.log` (the functions' output included) and `sam.log` are.
        directory: MiniStack's files; the functions' processes work below it.
    """

    endpoint: str
    gate: Gate
    edge: EdgeServer
    environment: Mapping[str, str]
    logs: Path
    directory: Path
    _session: boto3.Session

    def build(self, template: Path = TEMPLATE) -> Path:
        """Build a template, and return the built one; each function's package is a folder of its name beside it.

        Raises SamError.
        """
        log = self.logs / "sam.log"
        return sam.build(template.resolve(), log, self._sams_environment, ministack.INTERPRETER)

    @property
    def _sams_environment(self) -> dict[str, str]:
        """With what sam leaves behind where it is interrupted in a folder that goes with the local AWS."""
        return self.subprocess_environment | {"TMPDIR": str(self.directory)}

    @property
    def subprocess_environment(self) -> dict[str, str]:
        """The environment of this process, with the local AWS in the place of the user's."""
        return ministack.without_aws(os.environ) | dict(self.environment)

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return an SDK client of the local AWS; CloudFront's goes through the gate."""
        session: Any = self._session  # the SDK's type stubs want each service's name as a literal
        endpoint = self.gate.endpoint if service == "cloudfront" else self.endpoint
        return session.client(service, endpoint_url=endpoint, config=config)

    def deploy(
        self, parameters: Mapping[str, str] | None = None, *, stack: str = STACK, template: Path = TEMPLATE
    ) -> dict[str, str]:
        """Build and deploy a template, or update its stack, and return the stack's outputs.

        Args:
            parameters: the template's parameters that differ from their defaults.
            stack: the stack's name.
            template: the template.

        Raises:
            SamError: `sam` failed; the text holds the end of what it said.
        """
        built = self.build(template)
        sam.deploy(built, stack, parameters or {}, self.logs / "sam.log", self._sams_environment)
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}


@contextmanager
def local_aws(
    *,
    quotas: QuotaSettings | None = None,
    edge: EdgeSettings | None = None,
    enforce_iam: bool = False,
    logs: Path = LOGS,
) -> Iterator[LocalAws]:
    """Run a local AWS until the block is left; it also ends with this process, however that ends.

    Args:
        quotas: what the gate enforces.
        edge: how the edge behaves: its locations, how the guide is read, how long invalidations take.
        enforce_iam: whether roles' policies are enforced.
        logs: directory for the logs, written anew.

    Raises:
        MinistackError: MiniStack is not installed, or does not start.
    """
    logs = logs.resolve()
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "sam.log").write_bytes(b"")
    with ExitStack() as running:
        directory = Path(
            running.enter_context(TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True))
        )
        gate = running.enter_context(Gate(quotas))
        emulator = running.enter_context(
            ministack.ministack(
                directory,
                logs / "ministack.log",
                function_environment={"AWS_ENDPOINT_URL_CLOUDFRONT": gate.endpoint},
                enforce_iam=enforce_iam,
            )
        )
        gate.stand_before(emulator.endpoint)
        environment = {
            **ministack.CREDENTIALS,
            "AWS_REGION": ministack.REGION,
            "AWS_DEFAULT_REGION": ministack.REGION,
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ENDPOINT_URL_CLOUDFRONT": gate.endpoint,
        }
        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=ministack.REGION,
        )
        clients: Any = session
        viewers = running.enter_context(
            EdgeServer(
                clients.client("cloudfront", endpoint_url=emulator.endpoint),
                clients.client("s3", endpoint_url=emulator.endpoint, config=_PATH_STYLE),
                edge,
            )
        )
        gate.tell(viewers)
        # What `invalidator verify` asks in the place of the hosts themselves.
        environment["INVALIDATOR_EDGE"] = viewers.endpoint
        yield LocalAws(emulator.endpoint, gate, viewers, environment, logs, directory, session)
