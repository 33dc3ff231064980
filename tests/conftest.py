"""The plugin for the project's own tests, also where the package is not installed; pytest's helper for testing plugins."""

import importlib.metadata

INSTALLED = any(entry.name == "detsched" for entry in importlib.metadata.entry_points(group="pytest11"))
pytest_plugins = ["pytester"] if INSTALLED else ["pytester", "detsched.pytest_plugin"]
collect_ignore = ["sample_project"]  # run by unit/test_sample_project.py, in a folder of its own
