variable "name" {
  description = "The stack's name; also the folder of its files in the artifact bucket."
  type        = string
  default     = "cloudfront-invalidator"
}

variable "release" {
  description = "The folder that `make package` wrote, or an unpacked release."
  type        = string

  validation {
    condition     = fileexists("${var.release}/template.yaml") && length(fileset(var.release, "*.zip")) > 0
    error_message = "The folder holds no release (template.yaml and zips): write one with `make package`, and name its dist folder."
  }
}

variable "artifact_bucket" {
  description = "A bucket in the provider's Region that takes the release's files."
  type        = string
}

variable "parameters" {
  description = "The template's parameters that differ from their defaults, such as { MonthlyPathBudget = \"5000\" }."
  type        = map(string)
  default     = {}
}

variable "deploy_role_arn" {
  description = "A role that CloudFormation takes on to make the resources; null uses the provider's credentials."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the stack and of what it makes."
  type        = map(string)
  default     = {}
}
