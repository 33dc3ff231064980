"""CPython's own tests of threading over the drop-in, plainly and inside controlled runs.

The harness and its lists of tests are not part of this project. Where they lie beside the checkout they are used (continuous
integration has them); elsewhere these tests say that they were skipped.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT.parent / "shared" / "conformance" / "run_conformance.py"
RUNNER = 'lambda fn, seed: detsched.run(fn, seed=seed, granularity="sync", thread_exceptions="print", max_steps=None)'
LONG = os.environ.get("DETSCHED_LONG", "")
TAKES_LONG = "PySimpleQueueTest.test_many_threads"
"""A hundred threads that poll, for half a million steps: three tests that take as long as all others together. Inside runs they are for
`DETSCHED_LONG=1`."""
MODES = {"outside a run": [], "inside runs": ["--patch", "detsched.patched()", "--runner", RUNNER]}


@pytest.mark.skipif(not HARNESS.exists(), reason="the conformance harness is not beside this checkout")
@pytest.mark.parametrize("mode", MODES)
def test_cpython_tests_of_synchronisation(mode, tmp_path):
    """Every test of the tier `sync` passes, under one seed."""
    required = HARNESS.with_name("must_pass_{}.{}.txt".format(*sys.version_info)).read_text().splitlines()
    chosen = tmp_path / "tests.txt"
    chosen.write_text("\n".join(line for line in required if LONG or not MODES[mode] or TAKES_LONG not in line))
    command = [sys.executable, str(HARNESS), "--ids", str(chosen), "--path", str(ROOT / "src"), "--module", "detsched.threading", "--tier", "sync", "-q", "--timeout", "120"]

    done = subprocess.run(
        command + MODES[mode], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, timeout=600
    )

    passed, required = map(int, re.search(r"conformance: (\d+)/(\d+) must-pass", done.stdout).groups())
    assert passed == required > 200, done.stdout[-4000:]
