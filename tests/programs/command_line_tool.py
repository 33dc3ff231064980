"""A small command line tool: arguments, output from workers, an exit status by sys.exit, and clean-up on the way out."""

import argparse
from contextlib import redirect_stderr, redirect_stdout
import io
import queue
import sys
import threading


class Workers:
    def __init__(self, count, function):
        self._jobs = queue.Queue()
        self._print_lock = threading.Lock()
        self._function = function
        self.failures = 0
        self._threads = [threading.Thread(target=self._run, name=f"worker-{number}") for number in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def add(self, job):
        self._jobs.put(job)

    def _run(self):
        while (job := self._jobs.get()) is not None:
            try:
                line = f"{job}: {self._function(job)}"
            except ValueError as error:
                with self._print_lock:
                    self.failures += 1
                    print(f"{job}: {error}", file=sys.stderr)
            else:
                with self._print_lock:
                    print(line)


def count_vowels(word):
    if not word.isalpha():
        raise ValueError("not a word")
    return sum(letter in "aeiou" for letter in word)


def cli(arguments):
    parser = argparse.ArgumentParser(prog="vowels")
    parser.add_argument("words", nargs="+")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    with Workers(options.jobs, count_vowels) as workers:
        for word in options.words:
            workers.add(word)
    sys.exit(1 if workers.failures else 0)


def main():
    statuses = []
    out, err = io.StringIO(), io.StringIO()
    for arguments in (["tree", "bee", "-j", "2"], ["s3", "oak"], ["--jobs", "many", "x"]):
        with redirect_stdout(out), redirect_stderr(err):
            try:
                cli(arguments)
            except SystemExit as exit:
                statuses.append(exit.code)
    assert statuses == [0, 1, 2]
    assert sorted(out.getvalue().splitlines()) == ["bee: 2", "oak: 2", "tree: 2"]
    assert err.getvalue().startswith("s3: not a word\n") and "invalid int value" in err.getvalue()
    return out.getvalue().splitlines()
