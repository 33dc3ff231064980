"""What unmodified code touches: the names that a run replaces, and what they are replaced by."""
