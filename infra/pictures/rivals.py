"""The two ways that others go, at their best: they wait for CloudFront as long as they must, and lose nothing.

Their workers have no timeout, no receive count and no crash here; real ones do, and then drop what they wait with.
"""

from collections.abc import Sequence

from infra.pictures.scene import DISTRIBUTION, Function, Scene
from invalidator.core.messages.reading import read_body
from invalidator.core.request import Request
from invalidator.failures import BackPressure
from invalidator.ports import Message

RETRY_SECONDS = 1.0


def sends(most_paths: int) -> Function:
    """Return a function that sends a batch's distinct paths as they are, so many in a request.

    With 1 it is the worker that makes an invalidation for every object.
    """

    def function(scene: Scene, messages: Sequence[Message]) -> None:
        changed = {
            "/" + change.key: change.at
            for message in messages
            for change in read_body(message.body, message.sent).changes
        }
        paths = sorted(changed)
        for begin in range(0, len(paths), most_paths):
            chosen = {path: changed[path] for path in paths[begin : begin + most_paths]}
            _send(scene, Request(DISTRIBUTION, chosen))

    return function


def _send(scene: Scene, request: Request) -> None:
    while True:
        try:
            scene.cloudfront.create(request, None)
        except BackPressure:
            scene.time.sleep(RETRY_SECONDS)
        else:
            return
