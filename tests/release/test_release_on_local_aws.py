"""A release is deployed from its zips alone, by CloudFormation, and does its job."""

import pytest

from infra.release.__main__ import write_release
from tests.system import site
from tests.system.conftest import account  # noqa: F401  pytest finds the fixture by its name
from tests.system.stack import all_fresh

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.soak("minutes of a busy machine"),
    pytest.mark.xdist_group("life"),
]

NAME = "released"


def test_zips_in_a_bucket_and_a_template_are_enough(account, tmp_path):  # noqa: F811  the fixture, not the import
    aws, s3, cloudformation = account, account.client("s3"), account.client("cloudformation")
    write_release(aws.build().parent, tmp_path / "dist")
    site.make_bucket(aws, "artifacts")
    for file in (tmp_path / "dist").iterdir():
        s3.upload_file(str(file), "artifacts", f"v1/{file.name}")
    site.make_bucket(aws, "released-site")
    served = {site.make_distribution(aws, "released-site"): ""}

    cloudformation.create_stack(
        StackName=NAME,
        TemplateURL=f"{aws.endpoint}/artifacts/v1/template.yaml",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in {
                "ArtifactBucket": "artifacts",
                "ArtifactPrefix": "v1/",
                "Buckets": "released-site",
            }.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    quick = {"Delay": 1, "MaxAttempts": 90}
    cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig=quick)
    all_fresh(aws, [site.put(s3, "released-site", "index.html")], served)

    cloudformation.delete_stack(StackName=NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig=quick)
