"""What the SDK and moto work out anew for each client, call and answer, though it is the same each time.

It was a third of what the tests computed. Only what depends on the services' descriptions and on code is kept; clients,
their handlers, connections and tries stay each test's own. `tests/test_worked_out_once.py` holds it to the original.
"""

from collections.abc import Callable, Hashable
from typing import Any

import botocore.client
import botocore.hooks
import botocore.httpsession
import botocore.regions
import botocore.session
import botocore.useragent
from botocore.hooks import NodeList
from moto.core import models, responses, serialize
from moto.core.constants import MISSING
from moto.core.serialize import AttributePicker, AttributePickerContext
from moto.core.utils import get_value


def _once(work: Callable[..., Any], by: Callable[..., Hashable]) -> Any:
    """The work, done once for all that `by` says is the same."""
    known: dict[Hashable, Any] = {}

    def worked_out(*arguments: Any, **named: Any) -> Any:
        which = by(*arguments, **named)
        if which not in known:
            known[which] = work(*arguments, **named)
        return known[which]

    return worked_out


def _copied(trie: Any, node: dict[str, Any]) -> dict[str, Any]:
    """A session's handlers, for each client: hundreds of lists of a few, of which `copy.copy` makes long work."""
    copied: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, NodeList):
            copied[key] = NodeList(value.first[:], value.middle[:], value.last[:])
        elif isinstance(value, dict):
            copied[key] = _copied(trie, value)
        else:
            copied[key] = value
    return copied


_NAMES = _once(
    lambda picker, value, key, shape: tuple(
        picker.get_possible_keys(AttributePickerContext(value, key, shape))
    ),
    lambda picker, value, key, shape: (type(picker), type(value), key, shape),
)
PICKED = serialize.ResponseSerializer.get_value


def _picked(serializer: Any, value: Any, key: str, shape: Any) -> Any:
    """A member of moto's answer. The names that it may have there depend on the model and on the class of what has it,
    unless that says otherwise; DynamoDB's values alone have ten members each, and nine of them in vain.
    """
    picker = serializer._value_picker
    if (
        type(picker).__call__ is not AttributePicker.__call__
        or picker.response_transformers
        or hasattr(value, "Meta")
    ):
        return PICKED(serializer, value, key, shape)
    names = _NAMES(picker, value, key, shape)
    if type(value) is dict:
        return next((value[name] for name in names if name in value), None)
    for name in names:
        found = get_value(value, name, MISSING)
        if found is not MISSING:
            return found
    return None


def install() -> None:
    """From now on, in this process."""
    replaced: list[tuple[Any, str, Callable[..., Hashable]]] = [
        # Every test has its own SDK session, and a session its own reader of the services' descriptions: megabytes of
        # JSON, a tenth of a second a client. They are the same files.
        (botocore.session, "create_loader", lambda path="": path),
        (botocore.client.ClientCreator, "_load_service_model", lambda self, *which: (self._loader, *which)),
        # A method for each operation. boto3's sessions add to them, botocore's own do not: the agent tells.
        (
            botocore.client.ClientCreator,
            "_create_client_class",
            lambda self, _, model: (model, self._user_agent.partition("/")[0]),
        ),
        # The rules by which addresses are found; the reader keeps what they are made of.
        (botocore.regions, "EndpointProvider", lambda **data: tuple(map(id, data.values()))),
        (botocore.httpsession, "create_urllib3_context", lambda *how: how),
        (botocore.useragent.UserAgentComponent, "to_string", lambda component: component),
        # What is asked of each handler for each new client, by the handler's code, which all clients share.
        (botocore.hooks, "accepts_kwargs", lambda handler: getattr(handler, "__func__", handler)),
        # The services' old names for events; each emitter looks through the list anew.
        (botocore.hooks.EventAliaser, "_alias_event_name", lambda _, name: name),
        (responses, "method_names_from_class", lambda clazz: clazz),
    ]
    for owner, name, by in replaced:
        setattr(owner, name, _once(getattr(owner, name), by))
    # moto answers the requests library as well, by a thousand patterns that each test would set up: none asks it.
    models.RESPONSES_METHODS.clear()
    hooks: Any = botocore.hooks
    hooks._PrefixTrie._recursive_copy = _copied
    serializer: Any = serialize.ResponseSerializer
    serializer.get_value = _picked
