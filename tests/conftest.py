"""The plugin for the project's own tests, also where the package is not installed; pytest's helper for testing plugins."""

import importlib.metadata
import os

# Tests say themselves what they are run under: neither the profile that CI brings along nor a developer's settings change what they see.
FOR_THE_TESTS = ("DETSCHED_LONG", "DETSCHED_ORACLE_PROGRAMS", "DETSCHED_WRITE_GOLDEN")
for name in list(os.environ):
    if name in ("CI", "PYTHONBREAKPOINT") or (name.startswith("DETSCHED_") and name not in FOR_THE_TESTS):
        del os.environ[name]

INSTALLED = any(entry.name == "detsched" for entry in importlib.metadata.entry_points(group="pytest11"))
pytest_plugins = ["pytester"] if INSTALLED else ["pytester", "detsched.pytest_plugin"]
collect_ignore = ["sample_project"]  # run by unit/test_sample_project.py, in a folder of its own
