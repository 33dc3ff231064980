"""The test runners, each in an environment of its own, and a real test-suite under control.

    python benchmarks/runners.py                  # everything: some minutes, and packages are downloaded
    python benchmarks/runners.py --keep FOLDER    # keep the environments there for the next time
    python benchmarks/runners.py --only suite     # or pytest, installed

- *pytest*: the sample project under pytest 7, 8 and the newest, alone and beside xdist, pytest-timeout, coverage and
  Hypothesis: every test has to come to what it says, and the line that a failure prints has to be the same failure again.
- *installed*: a failure found with an installed copy of detsched replays with the source tree, and the other way round.
- *suite*: the tests of the standard library's queue, of cachetools and of pluggy, with and without `--detsched`: the same ones
  pass, and the time is compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]
from tests.runners import sample  # noqa: E402

PYTESTS = ("pytest==7.4.4", "pytest==8.4.2", "pytest")
BESIDE = ("pytest-xdist", "pytest-timeout", "pytest-cov", "hypothesis")
SUITES = ("cachetools", "pluggy")


def environment_in(folder: Path, name: str, *packages: str) -> Path:
    """The interpreter of an environment with these packages; made where it is not there yet."""
    place = folder / name.replace("=", "")
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", *packages], check=True, stderr=subprocess.DEVNULL)
    return python


def pytest_with(python: Path, project: Path, *args: str, source: bool = True) -> tuple[int, str, float]:
    """Exit status, output and seconds of one session."""
    env = sample.environment(project)
    if not source:
        del env["PYTHONPATH"]
    began = time.perf_counter()
    done = subprocess.run(
        [str(python), "-m", "pytest", "-p", "no:cacheprovider", *args], cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600
    )
    return done.returncode, done.stdout, time.perf_counter() - began


def of_pytest(folder: Path) -> list[str]:
    """The sample project under each version."""
    wrong = []
    for package in PYTESTS:
        python = environment_in(folder, package, package, *BESIDE)
        version = subprocess.run([str(python), "-c", "import pytest; print(pytest.__version__)"], capture_output=True, text=True, check=True).stdout.strip()
        for args in ((), ("-n2", "--dist", "loadfile"), ("--timeout", "60"), ("--timeout", "60", "--timeout-method", "thread"), ("--cov", "shop"), ("--tb", "line")):
            with tempfile.TemporaryDirectory() as scratch:
                project = sample.copy(Path(scratch))
                status, output, seconds = pytest_with(python, project, *args, "--junitxml=junit.xml")
                name = f"pytest {version} {' '.join(args)}"
                try:
                    unlike = sample.unlike_expected(sample.outcomes(project))
                except (OSError, ElementTree.ParseError):
                    unlike = {"all": output[-2000:]}
                print(f"{name:<55} {'as expected' if not unlike else unlike}  {seconds:.1f} s", flush=True)
                if unlike or status != 1:
                    wrong.append(name)
                if args == ("--cov", "shop") and "shop.py" not in output:
                    wrong.append(f"{name}: no coverage")
                for test, line in sample.replay_lines(output).items() if not args else ():
                    if test.startswith("test_keeps_state"):
                        continue  # a divergence: its schedule is that of a run that had passed
                    line = line.split(" -m pytest ", 1)[-1]
                    words = f"{python} -m pytest -p no:cacheprovider {line}"
                    again = subprocess.run(words, shell=True, cwd=project, env=sample.environment(project), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
                    if again.returncode != 1 or "1 failed" not in again.stdout:
                        wrong.append(f"{name}: {line}")
    return wrong


def of_installed(folder: Path) -> list[str]:
    """Tokens between an installed copy and the source tree."""
    wrong = []
    python = environment_in(folder, "installed", "pytest")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"  # a build leaves things behind in the source tree
        shutil.copytree(ROOT / "src", tree / "src")
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tree / name)
        subprocess.run([str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", "--force-reinstall", "--no-deps", str(tree)], check=True)
        project = sample.copy(Path(scratch))
        for finds in (False, True):
            _, output, _ = pytest_with(python, project, "test_failing.py", source=finds)
            for test, line in sorted(sample.replay_lines(output).items()):
                if test.startswith("test_keeps_state"):
                    continue
                token = line.rsplit("=", 1)[1]
                status, again, _ = pytest_with(python, project, f"--detsched-schedule={token}", source=not finds)
                if "1 failed" not in again:
                    wrong.append(f"{'source to installed' if finds else 'installed to source'}: {test}")
            print(f"tokens, {'source to installed' if finds else 'installed to source'}: {len(sample.replay_lines(output))} replayed", flush=True)
    return wrong


def of_suite(folder: Path) -> list[str]:
    """A real test-suite, with and without control."""
    python = environment_in(folder, "suite", "pytest", *SUITES)
    tests = folder / "tests"
    if not tests.exists():
        tests.mkdir()
        subprocess.run([str(python), "-m", "pip", "-q", "--disable-pip-version-check", "download", "--no-deps", "--no-binary", ":all:", *SUITES, "-d", str(tests)], check=True, stderr=subprocess.DEVNULL)
        for archive in tests.glob("*.tar.gz"):
            shutil.unpack_archive(archive, tests)
        library = Path(os.__file__).parent
        for name in ("test_queue.py", "test_sched.py"):
            shutil.copy(library / "test" / name, tests / name)
        (tests / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
        shutil.copy(ROOT / "tests" / "conftest.py", tests / "conftest.py")
    wrong, found = [], {}
    folders = [str(next(tests.glob("cachetools-*/tests"))), str(next(tests.glob("pluggy-*/testing"))), "test_queue.py", "test_sched.py"]
    for args in ((), ("--detsched",)):
        # The queues in C block outside of control: a watchdog ends them.
        status, output, seconds = pytest_with(
            python, tests, "-q", "-c", "pytest.ini", *folders, "-k", "not CSimpleQueue and not benchmark", "--junitxml=junit.xml", *args
        )
        outcomes = sample.outcomes(tests)
        found[args] = outcomes, seconds
        passed = sum(outcome == "passed" for outcome in outcomes.values())
        print(f"suite {' '.join(args):<12} {passed} of {len(outcomes)} passed, {seconds:.1f} s", flush=True)
        slowest = sorted(((float(case.get("time", 0)), case.get("name")) for case in ElementTree.parse(tests / "junit.xml").iter("testcase")), reverse=True)
        print("   slowest:", ", ".join(f"{name} {took:.2f} s" for took, name in slowest[:4]))
    (plain, before), (controlled, after) = found.values()
    print(f"time: {after / before:.1f} times")
    return wrong + [f"{name}: {outcome} became {controlled.get(name)}" for name, outcome in plain.items() if controlled.get(name) != outcome]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--keep", type=Path, help="where the environments are kept")
    parser.add_argument("--only", choices=["pytest", "installed", "suite"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        wrong = []
        for name, part in (("pytest", of_pytest), ("installed", of_installed), ("suite", of_suite)):
            if options.only in (None, name):
                wrong += part(folder)
    print("\n".join(wrong) or "all as expected")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
