# The release that `make package` wrote, as one CloudFormation stack.
#
# A stack, and not its forty resources in Terraform's own words: the template is the one truth of permissions, alarms and
# defaults, and what it leaves in the table is written back by CloudFormation's own roll-back when an update fails.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  prefix = "${var.name}/"
}

data "aws_s3_bucket" "artifacts" {
  bucket = var.artifact_bucket
}

resource "aws_s3_object" "zip" {
  for_each = fileset(var.release, "*.zip")

  bucket = var.artifact_bucket
  key    = "${local.prefix}${each.value}"
  source = "${var.release}/${each.value}"

  # The zips of the version before go last: until the update is through, a roll-back needs them.
  lifecycle {
    create_before_destroy = true
  }
}

# Too long for a stack's template_body (51,200 bytes).
resource "aws_s3_object" "template" {
  bucket = var.artifact_bucket
  key    = "${local.prefix}template-${filesha256("${var.release}/template.yaml")}.yaml"
  source = "${var.release}/template.yaml"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "this" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.artifacts.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  iam_role_arn = var.deploy_role_arn
  tags         = var.tags

  parameters = merge(var.parameters, {
    ArtifactBucket = var.artifact_bucket
    ArtifactPrefix = local.prefix
  })

  depends_on = [aws_s3_object.zip]
}
