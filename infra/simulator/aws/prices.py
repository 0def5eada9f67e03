"""What a run costs beside the invalidations: list prices of us-east-1 in US dollars, without any free allowance."""

from dataclasses import dataclass

LAMBDA_GB_SECOND = 0.0000133334  # arm64
LAMBDA_REQUEST = 0.20e-6
SQS_REQUEST = 0.40e-6
WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
LOG_BYTE = 0.50e-9
HEAD_REQUEST = 0.40e-6
# Lambda's own lines for a run (platform.start, platform.report), and the worker's one: counted on what it logs.
LOG_BYTES_A_RUN = 1500


@dataclass(frozen=True, slots=True)
class Used:
    """What a run used.

    Attributes:
        invocations: of all functions.
        gb_seconds: of all functions, billed.
        queue_requests: billed requests to SQS, those of S3 and of Lambda's pollers included.
        write_units: of DynamoDB, on demand.
        read_units: of DynamoDB, on demand.
        heads: objects whose headers S3 was asked for.
    """

    invocations: int
    gb_seconds: float
    queue_requests: int
    write_units: float
    read_units: float
    heads: int = 0

    @property
    def cost_usd(self) -> float:
        """US dollars."""
        cost = (
            self.invocations * (LAMBDA_REQUEST + LOG_BYTES_A_RUN * LOG_BYTE)
            + self.gb_seconds * LAMBDA_GB_SECOND
            + self.queue_requests * SQS_REQUEST
            + self.write_units * WRITE_UNIT
            + self.read_units * READ_UNIT
            + self.heads * HEAD_REQUEST
        )
        return round(cost, 6)
