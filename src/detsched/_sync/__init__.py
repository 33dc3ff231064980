"""The primitives: state machines whose operations are atomic events, and the hooks of threads. Outside a run: the standard library's."""
