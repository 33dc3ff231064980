"""Checksums of several files, in chunks, by a pool: hashlib, tempfile and pathlib in threads."""

from concurrent.futures import ThreadPoolExecutor
import hashlib
from pathlib import Path
import tempfile
import threading


class Progress:
    def __init__(self):
        self._lock = threading.Lock()
        self.bytes = 0

    def add(self, count):
        with self._lock:
            self.bytes += count


def digest(path, progress, chunk=4096):
    sum_ = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(chunk):
            sum_.update(block)
            progress.add(len(block))
    return path.name, sum_.hexdigest()


def main():
    progress = Progress()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in (("a.bin", b"a" * 9000), ("b.bin", b""), ("c.bin", b"c" * 5000)):
            paths.append(Path(folder, name))
            paths[-1].write_bytes(content)
        with ThreadPoolExecutor(max_workers=2) as pool:
            sums = dict(pool.map(lambda path: digest(path, progress), paths))
    assert sums == {
        "a.bin": hashlib.sha256(b"a" * 9000).hexdigest(),
        "b.bin": hashlib.sha256().hexdigest(),
        "c.bin": hashlib.sha256(b"c" * 5000).hexdigest(),
    }
    assert progress.bytes == 14000
    return sorted(sums.items())
