"""How patient the SDK's clients are."""

from botocore.config import Config


def client_config(
    connect: float, read: float, *, attempts: int = 3, connections: int = 10, checked: bool = True
) -> Config:
    """Return the configuration of a client: what still fails after its last attempt stays pending.

    Args:
        connect: seconds for a connection.
        read: seconds for an answer.
        attempts: how often it is asked in all, while there is time (`time_left.py`).
        connections: how many calls at a time have a connection that is kept.
        checked: whether the SDK looks at each argument, as AWS does: a third of what a call with many items computes.
    """
    return Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        parameter_validation=checked,
        tcp_keepalive=True,
    )
