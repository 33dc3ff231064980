"""Three stages with bounded queues between them, two workers in the middle, sentinels at the end."""

import queue
import threading

END = object()


def main():
    raw, parsed = queue.Queue(maxsize=1), queue.Queue(maxsize=1)
    stored = []
    log = []

    def read(lines):
        for line in lines:
            raw.put(line)
        raw.put(END)

    def parse():
        while (line := raw.get()) is not END:
            log.append(threading.current_thread().name)
            key, _, value = line.partition("=")
            parsed.put((key, int(value)))
        raw.put(END)  # for the other worker
        parsed.put(END)

    def store():
        ends = 0
        while ends < 2:
            item = parsed.get()
            if item is END:
                ends += 1
            else:
                stored.append(item)

    threads = [
        threading.Thread(target=read, args=(["a=1", "b=2", "c=3"],), name="read"),
        threading.Thread(target=parse, name="parse-1"),
        threading.Thread(target=parse, name="parse-2"),
        threading.Thread(target=store, name="store"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [("a", 1), ("b", 2), ("c", 3)]
    assert raw.get_nowait() is END and raw.empty() and parsed.empty()
    assert len(log) == 3
    return [stored, log]
