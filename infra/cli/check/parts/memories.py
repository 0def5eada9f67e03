"""The memories of remembered buckets: whether S3 answers for them, and whether one was stopped."""

from collections.abc import Iterator

from infra.cli.bucket.remember import BY_HAND, stage
from infra.cli.check.finding import Finding, ok, wrong
from infra.cli.check.ground import Ground
from infra.cli.printing import many, visible

PART = "memories"
PERMISSIONS = (
    "allow s3:GetObject and s3:ListBucket to the stack's RememberRole, and kms:Decrypt with the bucket's key"
)


def look(ground: Ground) -> Iterator[Finding]:
    """Look at the memory of each remembered bucket; where none is remembered, at nothing."""
    memory, settings = ground.deployed.memory, ground.deployed.settings
    if memory is None or not settings.remembered:
        return
    stages: list[str] = []
    for bucket in sorted(settings.remembered):
        state = memory.state(bucket)
        stages.append(stage(state, ground.now, settings.hints.basis))
        name = visible(bucket)
        if stages[-1] == "refused":
            yield wrong(PART, f"S3 refuses for {name}, so each change counts: {state.refused}", PERMISSIONS)
        elif stages[-1] == "stopped" and state.forgotten != BY_HAND:
            yield wrong(
                PART, f"that of {name} has stopped: {state.forgotten}", f"invalidator bucket remember {name}"
            )
    if "refused" not in stages:
        told = f"{many(stages.count('complete'), 'bucket')} remembered"
        others = ((stages.count("round"), "not gone through yet"), (stages.count("stopped"), "stopped"))
        yield ok(PART, ", ".join([told, *(f"{count} {what}" for count, what in others if count)]))
