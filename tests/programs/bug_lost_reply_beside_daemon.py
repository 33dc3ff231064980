"""A reply that is never sent where the request comes too late, behind a housekeeping daemon that polls for ever."""

import queue
import threading
import time

FAILURE = "deadlock"


def main():
    requests = queue.Queue()
    closing = threading.Event()
    uptime = []

    def housekeeping():
        began = time.monotonic()
        while True:
            time.sleep(1.0)
            uptime[:] = [time.monotonic() - began]

    def serve():
        while not closing.is_set():
            try:
                reply = requests.get(timeout=0.1)
            except queue.Empty:
                continue
            reply.put("pong")

    def close():
        closing.set()

    def ask(replies):
        mine = queue.Queue()
        requests.put(mine)
        replies.append(mine.get())  # no timeout: whoever asks while the server closes waits for ever

    replies = []
    threading.Thread(target=housekeeping, daemon=True).start()
    threads = [threading.Thread(target=serve), threading.Thread(target=close), threading.Thread(target=ask, args=(replies,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == ["pong"]
    return replies
