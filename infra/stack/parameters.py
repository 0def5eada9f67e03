"""The parameters that a deployment will have, as `sam deploy` works them out, before it begins."""

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.cli.errors import CommandError

_OVERRIDES = "--parameter-overrides"


def given(
    arguments: Sequence[str], config: Path, environment: str, before: Mapping[str, str]
) -> dict[str, str]:
    """Return the parameters that people set, now or before.

    What the command line overrides takes the place of all that the configuration file overrides (SAM CLI guide,
    "configuration files"); a parameter that neither names keeps its value of before.

    Args:
        arguments: those that `sam deploy` will get.
        config: samconfig.toml.
        environment: the section of it.
        before: the deployed stack's parameters; empty where there is no stack.

    Raises CommandError for a configuration file that cannot be read.
    """
    named = _from_arguments(arguments)
    return {**before, **(named if named is not None else _from_config(config, environment))}


def _from_arguments(arguments: Sequence[str]) -> dict[str, str] | None:
    if not any(each.partition("=")[0] == _OVERRIDES for each in arguments):
        return None
    found: list[str] = []
    taking = False
    for each in arguments:
        name, equals, value = each.partition("=")
        if name == _OVERRIDES:
            taking = True
            found += [value] if equals else []
        elif each.startswith("--"):
            taking = False
        elif taking:
            found.append(each)
    return _pairs(found)


def _from_config(config: Path, environment: str) -> dict[str, str]:
    try:
        read: Mapping[str, Any] = tomllib.loads(config.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{config.name}: cannot be read: {error}") from error
    overrides = (
        read.get(environment, {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    )
    return _pairs([overrides] if isinstance(overrides, str) else overrides)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """Read `Name=Value`, several in one text too; and `ParameterKey=Name,ParameterValue=Value`."""
    words = [word for text in texts for word in shlex.split(text)]
    pairs = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "ParameterKey":
            name, _, rest = value.partition(",")
            value = rest.removeprefix("ParameterValue=")
        pairs[name] = value
    return pairs
