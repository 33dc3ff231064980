"""subprocess.run from the threads of a pool, with input and output, and an exit status that is no zero."""

from concurrent.futures import ThreadPoolExecutor
import subprocess
import threading


def count_lines(text):
    done = subprocess.run(["wc", "-l"], input=text, capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


def main():
    finished, lock = [], threading.Lock()

    def count(text):
        number = count_lines(text)
        with lock:
            finished.append(number)
        return number

    with ThreadPoolExecutor(max_workers=2) as pool:
        numbers = list(pool.map(count, ["a\n", "a\nb\n"]))
    assert numbers == [1, 2] and sorted(finished) == [1, 2]

    failed = subprocess.run(["sh", "-c", "exit 7"], check=False)
    assert failed.returncode == 7
    return numbers
