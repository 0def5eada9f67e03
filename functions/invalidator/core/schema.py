"""Validators made from types, by pydantic's compiled half alone: for all that comes from outside.

`pydantic.TypeAdapter` would make the same validators, and importing it would be the largest part of the function's own
cold start (`make bench` shows it).
"""

from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints, is_typeddict

from pydantic_core import CoreSchema, SchemaValidator, core_schema

_PLAIN: dict[Any, CoreSchema] = {
    str: core_schema.str_schema(),
    int: core_schema.int_schema(),
    float: core_schema.float_schema(),
    bool: core_schema.bool_schema(),
}


def validator_of(kind: Any) -> SchemaValidator:
    """Return what reads a value of this type from JSON or from plain objects; fields it does not name are skipped.

    Args:
        kind: a TypedDict, a dataclass, one of str, int, float and bool, or made of these: `T | None`, `Sequence[T]`,
            `tuple[T, ...]`, `dict[K, T]`, `Annotated[T, {"ge": 1}]` with constraints as pydantic_core names them,
            and `Annotated[T, function]` with a function that the value goes through first.

    Raises:
        TypeError: it is another type.
    """
    return SchemaValidator(_schema(kind))


def _schema(kind: Any) -> CoreSchema:
    if is_typeddict(kind):
        return _typed_dict(kind)
    if is_dataclass(kind):
        return _dataclass(kind)
    made_of = get_origin(kind)
    if made_of is not None:
        return _composed(made_of, get_args(kind))
    if kind not in _PLAIN:
        raise TypeError(f"no validator is made for {kind}")
    return _PLAIN[kind]


def _composed(made_of: Any, inner: tuple[Any, ...]) -> CoreSchema:
    schema = _schema(inner[0])
    if made_of is Annotated:
        return _annotated(schema, inner[1])
    if made_of is UnionType and inner[1:] == (type(None),):
        return core_schema.nullable_schema(schema)
    # A message may hold half a million items: the first bad one is enough to know.
    if made_of is Sequence:
        return core_schema.list_schema(schema, fail_fast=True)
    if made_of is tuple and inner[1:] == (Ellipsis,):
        return core_schema.tuple_schema([schema], variadic_item_index=0, fail_fast=True)
    if made_of is dict:
        return core_schema.dict_schema(schema, _schema(inner[1]), fail_fast=True)
    raise TypeError(f"no validator is made for {made_of} of {inner}")


def _annotated(schema: CoreSchema, annotation: Any) -> CoreSchema:
    if callable(annotation):
        return core_schema.no_info_before_validator_function(annotation, schema)
    constrained: Any = {**schema, **annotation}
    return constrained  # type: ignore[no-any-return]  # a schema is a plain dictionary


def _typed_dict(kind: Any) -> CoreSchema:
    return core_schema.typed_dict_schema(
        {
            name: core_schema.typed_dict_field(_schema(each), required=name in kind.__required_keys__)
            for name, each in get_type_hints(kind, include_extras=True).items()
        }
    )


def _dataclass(kind: Any) -> CoreSchema:
    hints = get_type_hints(kind, include_extras=True)
    known = [
        core_schema.dataclass_field(each.name, _with_default(_schema(hints[each.name]), each))
        for each in fields(kind)
    ]
    return core_schema.dataclass_schema(
        kind,
        core_schema.dataclass_args_schema(kind.__name__, known),
        [each.name for each in fields(kind)],
        slots="__slots__" in vars(kind),
    )


def _with_default(schema: CoreSchema, field: "Field[Any]") -> CoreSchema:
    return (
        schema if field.default is MISSING else core_schema.with_default_schema(schema, default=field.default)
    )
