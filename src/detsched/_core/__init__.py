"""The engine: one thread at a time, and somebody else's choice at every yield point. Knows no strategy, report or test runner."""
