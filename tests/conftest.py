"""The plugin for the project's own tests, also where the package is not installed."""

import importlib.metadata

if not any(entry.name == "detsched" for entry in importlib.metadata.entry_points(group="pytest11")):
    pytest_plugins = ["detsched.pytest_plugin"]
