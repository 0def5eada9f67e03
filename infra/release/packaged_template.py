"""The template of a release: it takes the functions' code from a bucket of the one who deploys it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

BUCKET, PREFIX = "ArtifactBucket", "ArtifactPrefix"
_PARAMETERS: dict[str, dict[str, Any]] = {
    BUCKET: {
        "Type": "String",
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "a bucket's name; no s3:// and no path",
        "Description": "The bucket, in the Region of this stack, that holds the zips of the release.",
    },
    PREFIX: {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^([^/].*/)?$",
        "ConstraintDescription": "empty, or a folder that ends in a slash",
        "Description": "The folder of the zips in that bucket, such as cloudfront-invalidator/. Empty for its top.",
    },
}


def packaged(template: Mapping[str, Any], zips: Mapping[str, str]) -> dict[str, Any]:
    """Return the template with parameters for the place of the zips, and each function's code taken from there.

    Args:
        template: template.yaml as `infra.template.read_template` returns it.
        zips: the zip's file name for each function's logical id.

    Raises:
        KeyError: a function of the template has no zip.
    """
    release = deepcopy(dict(template))
    release["Parameters"] = {**_PARAMETERS, **release["Parameters"]}
    interface = release["Metadata"]["AWS::CloudFormation::Interface"]
    interface["ParameterGroups"].insert(
        0, {"Label": {"default": "Where the code lies"}, "Parameters": [BUCKET, PREFIX]}
    )
    interface["ParameterLabels"] |= {
        BUCKET: {"default": "Bucket of the release"},
        PREFIX: {"default": "Folder in it"},
    }
    release["Globals"]["Function"].pop("CodeUri", None)
    for name, resource in release["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource.pop("Metadata", None)  # how to build it
            resource["Properties"]["CodeUri"] = {
                "Bucket": {"Ref": BUCKET},
                "Key": {"Fn::Sub": f"${{{PREFIX}}}{zips[name]}"},
            }
    return release
