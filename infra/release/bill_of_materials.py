"""A CycloneDX bill of materials: which packages the zips hold beside our own code."""

import json
from importlib.metadata import distributions
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_NAME = "cloudfront-invalidator"


def bill_of_materials(version: str, built: Path) -> str:
    """Return the bill as CycloneDX JSON: each package with its version and where PyPI has it.

    The same packages give the same text: it holds no time, and its serial number follows from what it lists.

    Args:
        version: the release's version.
        built: a function's built directory; the packages are read from their `.dist-info`.
    """
    bom = Bom()
    bom.metadata.component = root = Component(
        name=_NAME, version=version, type=ComponentType.APPLICATION, bom_ref=_NAME
    )
    packages = sorted((each.name, each.version) for each in distributions(path=[str(built)]))
    bom.register_dependency(root, [_add(bom, name, at) for name, at in packages])
    bom.serial_number = uuid5(NAMESPACE_URL, repr((_NAME, version, packages)))
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _add(bom: Bom, name: str, version: str) -> Component:
    url = PackageURL("pypi", None, name, version)
    component = Component(
        name=name, version=version, type=ComponentType.LIBRARY, purl=url, bom_ref=url.to_string()
    )
    bom.components.add(component)
    return component
