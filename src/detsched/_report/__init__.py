"""What is said about runs and explorations. Sees traces, failures and schedules, nothing of the engine."""
