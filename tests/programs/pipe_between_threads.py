"""An os.pipe between threads, as log collectors have it: blocking reads in one, writes in others, the end of file at last."""

import os
import threading


def main():
    reader, writer = os.pipe()
    chunks, lock = [], threading.Lock()

    def collect():
        while chunk := os.read(reader, 4096):
            with lock:
                chunks.append(chunk)
        os.close(reader)

    def report(name):
        with lock:
            os.write(writer, f"{name}\n".encode())

    collector = threading.Thread(target=collect)
    collector.start()
    reporters = [threading.Thread(target=report, args=(name,)) for name in ("one", "two")]
    for reporter in reporters:
        reporter.start()
    for reporter in reporters:
        reporter.join()
    os.close(writer)
    collector.join()
    lines = b"".join(chunks).decode().split()
    assert sorted(lines) == ["one", "two"]
    return lines
