"""What comes from outside is read by the types it is declared with, and by nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict

import pytest
from pydantic_core import ValidationError

from invalidator.core.schema import validator_of


class Leaf(TypedDict, total=False):
    name: str


class Tree(Leaf):
    size: int
    leaves: Sequence[Leaf]
    heights: dict[str, float]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    x: Annotated[int, {"ge": 0}]
    label: str | None = None
    loud: Annotated[str, str.upper] = "x"


TREE = {"size": 1, "leaves": [{"name": "a"}], "heights": {"a": 1.5}, "words": ["b"]}


def problems(kind, value):
    with pytest.raises(ValidationError) as refused:
        validator_of(kind).validate_python(value)
    return [(each["loc"], each["type"]) for each in refused.value.errors()]


def test_a_typed_dict_is_read_with_its_inherited_fields_and_without_unknown_ones():
    read = validator_of(Tree).validate_python(TREE | {"colour": "green", "name": "oak"})
    assert read == TREE | {"words": ("b",), "name": "oak"}


@pytest.mark.parametrize(
    ("change", "where", "kind"),
    [
        ({"size": "many"}, ("size",), "int_parsing"),
        ({"leaves": {}}, ("leaves",), "list_type"),
        ({"leaves": [{"name": "a"}, {"name": 1}]}, ("leaves", 1, "name"), "string_type"),
        ({"heights": {"a": None}}, ("heights", "a"), "float_type"),
        ({"words": ["a", 2]}, ("words", 1), "string_type"),
        ({"name": None}, ("name",), "string_type"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(change, where, kind):
    assert problems(Tree, TREE | change) == [(where, kind)]


def test_a_field_may_be_missing_only_where_its_class_says_so():
    assert problems(Tree, {"leaves": [{}], "heights": {}, "words": []}) == [(("size",), "missing")]


def test_of_a_list_full_of_errors_the_first_is_told():
    assert problems(Tree, TREE | {"leaves": [1] * 1000}) == [(("leaves", 0), "dict_type")]


def test_a_dataclass_gets_its_defaults_and_an_unknown_field_is_skipped():
    assert validator_of(Point).validate_python({"x": "3", "y": 4}) == Point(3)
    assert validator_of(Point).validate_python({"x": 0, "label": None, "loud": "a"}) == Point(0, None, "A")


def test_a_constraint_is_kept_to():
    assert problems(Point, {"x": -1}) == [(("x",), "greater_than_equal")]


@pytest.mark.parametrize("kind", [object, bytes, int | str, set[str], tuple[int, str], str | int | None])
def test_a_type_that_nobody_needs_yet_is_refused_when_the_validator_is_made(kind):
    with pytest.raises(TypeError, match="no validator is made for"):
        validator_of(kind)
