"""Two locks in two orders, while a housekeeping daemon goes on polling for ever and looks busy."""

import threading
import time

FAILURE = "deadlock"


def main():
    accounts, journal = threading.Lock(), threading.Lock()
    polls = []

    def housekeeping():
        while True:
            polls.append(time.monotonic())
            time.sleep(0.5)

    def book():
        with accounts:
            with journal:
                pass

    def audit():
        with journal:
            with accounts:
                pass

    threading.Thread(target=housekeeping, daemon=True).start()
    threads = [threading.Thread(target=book), threading.Thread(target=audit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "balanced"
