"""The Terraform module, by its shape: no provider can be had without the internet."""

import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from bucket_subscription.owner import EVENTS
from infra.release.packaged_template import BUCKET, PREFIX
from infra.template import ROOT, read_template

pytestmark = pytest.mark.xdist_group("terraform")  # to make its reader takes seconds

MODULE = ROOT / "infra/terraform"
EXAMPLE = MODULE / "example"


def _read(directory: Path) -> dict[str, Any]:
    """A folder's blocks by their address, such as `resource.aws_s3_object.zip`."""
    found: dict[str, Any] = {}
    for file in sorted(directory.glob("*.tf")):
        for kind, blocks in hcl2.loads(file.read_text("utf-8")).items():
            for block in blocks if kind != "__comments__" else ():
                found |= dict(_addressed(kind, block))
    return found


def _addressed(address: str, block: Any):
    labels = [key for key in block if key.startswith('"')]
    if not labels:
        yield address, block
    for label in labels:
        yield from _addressed(f"{address}.{_text(label)}", block[label])


def _text(value: str) -> str:
    return value.removeprefix('"').removesuffix('"')


@pytest.fixture(scope="module")
def module():
    return _read(MODULE)


def _own(values: dict[str, Any]) -> set[str]:
    return {name for name in values if not name.startswith("__")}


def test_each_reference_leads_to_something_that_is_declared_and_each_variable_is_used(module):
    text = "".join(file.read_text("utf-8") for file in MODULE.glob("*.tf"))
    code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    variables = {address.removeprefix("variable.") for address in module if address.startswith("variable.")}
    used = set(re.findall(r"\bvar\.(\w+)", code))
    assert used == variables
    for resource, name in re.findall(r"(?<!data\.)\b(aws_\w+)\.(\w+)", code):
        assert f"resource.{resource}.{name}" in module
    for resource, name in re.findall(r"\bdata\.(aws_\w+)\.(\w+)", code):
        assert f"data.{resource}.{name}" in module
    assert set(re.findall(r"\blocal\.(\w+)", code)) == _own(module["locals"])


def test_the_stack_is_given_what_the_template_of_a_release_asks_for(module):
    stack = module["resource.aws_cloudformation_stack.this"]
    assert re.findall(r"(\w+) = ", stack["parameters"]) == [BUCKET, PREFIX]
    assert [_text(each) for each in stack["capabilities"]] == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    assert stack["depends_on"] == ["${aws_s3_object.zip}"]


def test_an_update_keeps_the_zips_that_its_roll_back_needs(module):
    for name in ("zip", "template"):
        assert module[f"resource.aws_s3_object.{name}"]["lifecycle"][0]["create_before_destroy"] is True


def test_the_module_gives_outputs_that_the_stack_has(module):
    outputs = read_template()["Outputs"]
    named = [
        name
        for address, each in module.items()
        if address.startswith("output.")
        for name in re.findall(r'outputs\["(\w+)"\]', each["value"])
    ]
    assert len(named) == 3
    assert set(named) <= set(outputs)


def test_the_example_hands_on_what_the_module_takes_and_subscribes_what_the_stack_would(module):
    example = _read(EXAMPLE)
    call = example["module.invalidator"]
    required = {
        address.removeprefix("variable.")
        for address, each in module.items()
        if address.startswith("variable.") and "default" not in each
    }
    optional = {address.removeprefix("variable.") for address in module if address.startswith("variable.")}
    assert required <= _own(call) - {"source"} <= optional
    assert (EXAMPLE / _text(call["source"])).resolve() == MODULE
    assert _own(call["parameters"]) <= set(read_template()["Parameters"])
    queue = example["resource.aws_s3_bucket_notification.site"]["queue"][0]
    assert tuple(map(_text, queue["events"])) == EVENTS
    assert queue["queue_arn"] == "${module.invalidator.queue_arn}"
    assert "output.queue_arn" in module
