"""What Lambda tells a function of an invocation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LambdaContext:
    """One invocation, with so many seconds left."""

    function_name: str = "invalidator"
    seconds: float = 300.0
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"
    memory_limit_in_mb: int = 512

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN, as the logs name it."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may run on, milliseconds."""
        return int(self.seconds * 1000)
