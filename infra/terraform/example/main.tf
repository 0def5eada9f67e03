# A bucket whose notification Terraform owns. Keep it out of the stack's parameter Buckets, and do not run
# `invalidator bucket connect` on it: aws_s3_bucket_notification is the whole notification, and writes over what others add.

provider "aws" {
  region = "eu-west-1"
}

resource "aws_s3_bucket" "artifacts" {
  bucket_prefix = "artifacts-"
}

resource "aws_s3_bucket" "site" {
  bucket_prefix = "site-"
}

module "invalidator" {
  source = "../"

  release         = "${path.module}/../../../dist"
  artifact_bucket = aws_s3_bucket.artifacts.id
  parameters = {
    MonthlyPathBudget = "5000"
    AlarmEmail        = "me@example.com"
  }
}

resource "aws_s3_bucket_notification" "site" {
  bucket = aws_s3_bucket.site.id

  queue {
    id        = "cloudfront-invalidator"
    queue_arn = module.invalidator.queue_arn
    events    = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
  }
}
