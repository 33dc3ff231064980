"""A supervisor of a child process that does not end: wait with a timeout, terminate, wait again; a thread reports meanwhile."""

import signal
import subprocess
import threading


class Supervised:
    def __init__(self, command, patience):
        self._process = subprocess.Popen(command)
        self._patience = patience
        self.returncode = None

    def supervise(self):
        try:
            self.returncode = self._process.wait(timeout=self._patience)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self.returncode = self._process.wait()


def main():
    child = Supervised(["sleep", "1000"], patience=0.01)
    supervisor = threading.Thread(target=child.supervise)
    reports, ended = [], threading.Event()

    def report():
        while not ended.wait(timeout=0.01):
            reports.append(child.returncode)

    reporter = threading.Thread(target=report)
    supervisor.start()
    reporter.start()
    supervisor.join()
    ended.set()
    reporter.join()
    assert child.returncode == -signal.SIGTERM
    assert set(reports) <= {None, -signal.SIGTERM}
    return child.returncode
