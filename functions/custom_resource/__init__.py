"""What the stack's custom resources have in common."""
