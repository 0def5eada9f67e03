"""What the matrices of outside calls share: a cell for each thing that can happen to a call; no call is left out."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

import botocore
import pytest

from tests.wire_happenings import MODELS, happenings


class Row(Protocol):
    """One call: which service is asked for what."""

    @property
    def service(self) -> str: ...
    @property
    def operation(self) -> str: ...


def cells(matrix: Mapping[str, Row]) -> Iterator[Any]:
    """Every row with everything that can happen to its call."""
    for call, row in matrix.items():
        for name, what in happenings(row.service, row.operation).items():
            yield pytest.param(row, name, what, id=f"{call}: {name}")


def rows_of(matrix: Mapping[str, Row]) -> set[tuple[str, str]]:
    return {(row.service, row.operation) for row in matrix.values()}


def operations(services: Iterable[str], words: Collection[str]) -> set[tuple[str, str]]:
    """The services' operations that are among the words of a source, as the SDK's methods are called."""
    return {
        (service, operation)
        for service in services
        for operation in MODELS.get_service_model(service).operation_names
        if botocore.xform_name(operation) in words
    }
