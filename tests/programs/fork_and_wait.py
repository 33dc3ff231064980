"""os.fork from a program with threads: the child writes into a pipe and ends, the parent reads and waits."""

import os
import threading
import warnings


def main():
    lock = threading.Lock()
    done = []

    def work():
        with lock:
            done.append(1)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    reader, writer = os.pipe()
    with lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on: that there are threads
        child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, b"hello from the child")
        os._exit(3)
    os.close(writer)
    said = b""
    while chunk := os.read(reader, 4096):
        said += chunk
    os.close(reader)
    _, status = os.waitpid(child, 0)
    for thread in threads:
        thread.join()
    assert said == b"hello from the child" and os.waitstatus_to_exitcode(status) == 3
    assert len(done) == 2
    return said.decode()
