"""Runs in the environment of `sam`: expands a template for each set of parameters on stdin, as JSON to stdout."""

import json
import sys
from pathlib import Path
from unittest.mock import Mock

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


def expand(text, given):
    template = yaml_parse(text)
    # What `sam deploy` puts there after it has uploaded the build.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    no_managed_policies = Mock()
    no_managed_policies.load.return_value = {}
    return transform(template, given, no_managed_policies)


path, parameter_sets = json.load(sys.stdin)
json.dump([expand(Path(path).read_text(encoding="utf-8"), given) for given in parameter_sets], sys.stdout)
