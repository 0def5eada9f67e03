output "queue_arn" {
  description = "The queue that buckets write to: name it in aws_s3_bucket_notification."
  value       = aws_cloudformation_stack.this.outputs["QueueArn"]
}

output "dead_letter_queue_arn" {
  description = "What could not be invalidated, with its reason."
  value       = aws_cloudformation_stack.this.outputs["DeadLetterQueueArn"]
}

output "function_role_arn" {
  description = "The worker's role: a role in another account (parameter AssumableRoleArns) must trust it."
  value       = aws_cloudformation_stack.this.outputs["FunctionRoleArn"]
}

output "outputs" {
  description = "All outputs of the stack, by name."
  value       = aws_cloudformation_stack.this.outputs
}
