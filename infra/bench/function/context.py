"""What a measured process needs besides its scenario; imports nothing, as imports are what some rows measure."""

# The clients that the function makes for a batch without trouble.
CLIENTS = ("dynamodb", "sqs", "cloudfront")


class Context:
    """Lambda's context."""

    function_name = "invalidator"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:invalidator"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return 60_000
