"""Real bugs in real packages: does each shrink to one preemption, and is its cause named where it is?

    python benchmarks/real_bugs.py
    python benchmarks/real_bugs.py --scenarios DIR --packages some/folder --reports some/folder --only Z01 Z19

The scenarios are those of ../shared/zoo (--scenarios): plain threads and the package. Says so and exits with status 2 where they are
not there. The pinned versions are inputs of this benchmark, never dependencies: they are installed into a scratch folder (--packages
keeps it). Z06 is a bug of the standard library, gone in CPython 3.12. --reports keeps the reports. Exit status 1 if the bar is missed:
each is found, shrunk to at most one preemption in at most 200 runs, and the two steps whose reversal makes the run pass are the right ones.
"""

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import detsched  # noqa: E402

BUGS = {
    "Z01": ("mock==4.0.3", "access", "mock", "dict #2['service']", "mock.py"),
    "Z02": ("cachetools==4.1.1", "sync", None, "lock", "decorators.py"),
    "Z03": ("paho-mqtt==1.3.1", "access", "paho", "Client._last_mid", "client.py"),
    "Z06": ("", "sync", None, "cached_property.lock", "scenario_Z06.py"),
    "Z08": ("kafka-python==2.1.0", "access", "kafka", "Future.is_done", "future.py"),
    "Z10": ("Pykka==1.1.0", "sync", None, "Queue.mutex", "actor.py"),
    "Z11": ("fsspec==2022.1.0", "access", "fsspec", "_Cached.store", "memory.py"),
    "Z12": ("peewee==4.0.5", "sync", None, "PooledDatabase._pool_lock", "pool.py"),
    "Z18": ("loguru==0.6.0", "access", "loguru", "registry", "scenario_Z18.py"),
    "Z19": ("limits==4.0.1", "access", "limits", "Counter['k']", "memory.py"),
}
"""The version with the bug, the granularity, what is watched besides the scenario, and the object and file of the step that came too early."""


class OnePreemption(detsched.Strategy):
    """Threads one after the other, in random order, and one of them put behind the others after a random step: for a thread of one step
    among hundreds, which a random walk would let go much too early."""

    def begin(self, run):
        self._random = random.Random(run.seed)
        self._rank, self._cut, self._steps = {}, int(self._random.random() * 150), 0

    def choose(self, step):
        self._steps += 1
        for thread in step.enabled:
            self._rank.setdefault(thread.label, self._random.random())
        best = min(step.enabled, key=lambda thread: self._rank[thread.label])
        if self._steps == self._cut:
            self._rank[best.label] = 2.0
            best = min(step.enabled, key=lambda thread: self._rank[thread.label])
        return best


def work(name, scenarios, packages, report):
    """In a process of its own: the search, and what came of it as JSON."""
    pin, granularity, watch, _, _ = BUGS[name]
    if pin:
        sys.path.insert(0, os.path.join(packages, pin))
    spec = importlib.util.spec_from_file_location(f"scenario_{name}", os.path.join(scenarios, f"scenario_{name}.py"))
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    with detsched.patched():
        spec.loader.exec_module(module)
    program, settings = module.scenario, {"strategy": "random"}
    if name == "Z18":
        # The logger is a global of its package; a run that deadlocks leaves it with the handler that it was stuck in.
        def fresh():
            module.logger._core = type(module.logger._core)()

        def program(_):
            module.scenario()

        settings = {"strategy": OnePreemption, "setup": fresh}
    exploration = detsched.explore(
        program, runs=2_000, keep_going=False, shrink=True, granularity=granularity, watch=[watch] if watch else [], **settings
    )
    failure = exploration.failure
    run = None if failure is None else exploration.run_of(failure)
    if report:
        Path(report, f"{name}.txt").write_text(exploration.report() + "\n", encoding="utf-8")
        if run is not None:
            run.to_html(os.path.join(report, f"{name}.html"))
    if run is None:
        print(json.dumps({"missed": f"no failure that is believed: {failure}", "runs": exploration.runs}))
        return
    steps = [] if run.pair is None else [run.story.events[run.pair.first]]
    print(json.dumps({
        "runs": exploration.runs, "kind": failure.kind, "preemptions": run.preemptions, "shrunk": run.shrunk.runs,
        "about": [event.about.partition(" (")[0] for event in steps], "at": [event.place for event in steps],
    }))  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--scenarios", default=str(ROOT.parent / "shared" / "zoo"))
    parser.add_argument("--packages", help="where the pinned versions are, or are to be kept (a temporary folder)")
    parser.add_argument("--reports", default="", help="where to keep the reports")
    parser.add_argument("--only", nargs="+", choices=list(BUGS), default=list(BUGS), help="some of the bugs")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(*options.work)
    if not os.path.isdir(options.scenarios):
        print(f"no scenarios in {options.scenarios}: not checked")
        return 2
    if options.reports:
        os.makedirs(options.reports, exist_ok=True)
    met = []
    print("bug  version              found as   in run  preemptions  shrunk in  the step that came too early")
    with tempfile.TemporaryDirectory() as scratch:
        packages = os.path.abspath(options.packages or scratch)
        for name in options.only:
            pin, _, _, about, file = BUGS[name]
            if not pin and sys.version_info >= (3, 12):
                print(f"{name}  not checked: this CPython does not have the bug")
                continue
            folder = os.path.join(packages, pin)
            if pin and not os.path.isdir(folder):
                subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", folder, pin], check=True)
            command = [sys.executable, __file__, "--work", name, options.scenarios, packages, options.reports]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            if done.returncode:
                print(f"{name}  {pin:20} broke: {done.stderr.strip().splitlines()[-1:]}")
                met.append(False)
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            right = not found.get("missed") and found["about"] == [about] and found["at"][0].startswith(file + ":")
            met.append(right and found["preemptions"] <= 1 and found["shrunk"] <= 200)
            said = found.get("missed") or f"{found['about'][0] if found['about'] else '-'} at {found['at'][0] if found['at'] else '-'}"
            print(
                f"{name}  {pin or 'CPython ' + sys.version.split()[0]:20} {found.get('kind', '-'):10} {found['runs']:>6}"
                f"  {found.get('preemptions', '-'):>11}  {found.get('shrunk', '-'):>9}  {said}{'' if met[-1] else '  MISSED'}",
                flush=True,
            )
    print(f"{len(met)} bugs, {sum(met)} as they should be")
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
