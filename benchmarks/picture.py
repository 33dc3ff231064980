"""The picture of a run in a real browser: how large it is, how soon it is painted, how it looks.

    python benchmarks/picture.py [--shots DIR]

Needs a Chromium on the PATH (Debian: `apt-get install chromium`); says so and exits with status 2 where there is none. Prints
what it measures, and exits with status 1 if a bar is missed, for a run of 20 threads and 5,000 steps and for a failure of as many:
under 2 MB, and the first paint within a second. `--shots` keeps screenshots to be looked at, in light and in dark.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "pictures"), str(ROOT / "tests" / "golden")]

import detsched  # noqa: E402
import explaining  # noqa: E402
import failing  # noqa: E402
from chromium import Chromium, find  # noqa: E402


def failed(program, granularity="sync"):
    exploration = detsched.explore(program, strategy="random", runs=2_000, keep_going=False, shrink=True, granularity=granularity, max_steps=10_000)
    return exploration.run_of(exploration.failure)


def many_threads_fail():
    """Twenty threads, 5,000 steps, and one update that is lost."""
    counter = explaining.Shared()

    def work(number):
        for turn in range(123):
            with locks[(number + turn) % 10]:
                pass
        counter.set(counter.get() + 1)

    locks = [explaining.threading.Lock() for _ in range(10)]
    explaining.in_threads(20, work)
    assert counter.value == 20


FIRST_PAINT = """new Promise(done => new PerformanceObserver(list => list.getEntriesByName("first-contentful-paint").forEach(
    paint => done(paint.startTime))).observe({type: "paint", buffered: true}))"""
SMALL = {
    "two threads, ten steps": (failing.lost_update_of_attribute, "access"),
    "locks": (failing.lost_update, "sync"),
    "deadlock": (failing.philosophers, "sync"),
    "wait without end": (failing.notified_too_early, "sync"),
    "livelock": (failing.spins_for_ever, "sync"),
    "nine threads": (failing.nine_threads, "sync"),
    "markup": (failing.markup, "sync"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shots", metavar="DIR", type=Path, help="where to keep screenshots")
    options = parser.parse_args()
    path = find()
    if path is None:
        print("no Chromium on the PATH: not looked at in a browser")
        return 2
    runs = {name: failed(*program) for name, program in SMALL.items()} if options.shots else {}
    runs["20 threads, 5,000 steps"] = detsched.record(explaining.many_threads, seed=1, granularity="sync")
    runs["20 threads, 5,000 steps, failing beside passing"] = failed(many_threads_fail)
    missed = []
    with tempfile.TemporaryDirectory() as folder, Chromium(path) as browser:
        print(browser.ask("Browser.getVersion")["product"])
        for name, run in runs.items():
            file = Path(folder) / "run.html"
            size = len(run.to_html(file).encode())
            paints = []
            for dark in (False, True):
                page = browser.open(file, 1500, 900, dark)
                paints.append(page(FIRST_PAINT))
                if page.complaints or any(not url.startswith(("file:", "data:")) for url in page.requests):
                    missed.append(f"{name}: {page.complaints or page.requests}")
                if options.shots:
                    options.shots.mkdir(parents=True, exist_ok=True)
                    page.screenshot(options.shots / f"{name.replace(',', '').replace(' ', '-')}-{'dark' if dark else 'light'}.png")
                page.close()
            print(f"{name}: {run.steps:,} steps, {size:,} bytes, first paint after {' and '.join(f'{paint:.0f}' for paint in paints)} ms")
            if size > 2_000_000 or max(paints) > 1_000:
                missed.append(name)
    if missed:
        print("bar missed:", ", ".join(missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
