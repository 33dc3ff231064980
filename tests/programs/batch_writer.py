"""A batching writer: flushes when a batch is full, when nothing came for a while (Queue.get with a timeout), and at the end."""

import queue
import threading
import time


class BatchWriter(threading.Thread):
    _END = object()

    def __init__(self, write, size, linger):
        super().__init__(name="batch-writer")
        self._write, self._size, self._linger = write, size, linger
        self._items = queue.Queue(maxsize=8)

    def put(self, item):
        self._items.put(item)

    def close(self):
        self._items.put(self._END)
        self.join()

    def run(self):
        batch = []
        while True:
            try:
                item = self._items.get(timeout=self._linger if batch else None)
            except queue.Empty:
                self._flush(batch)
                continue
            if item is self._END:
                self._flush(batch)
                return
            batch.append(item)
            if len(batch) >= self._size:
                self._flush(batch)

    def _flush(self, batch):
        if batch:
            self._write(batch[:])
            batch.clear()


def main():
    written = []
    writer = BatchWriter(written.append, size=3, linger=0.05)
    writer.start()

    def produce(name, count):
        for number in range(count):
            writer.put(f"{name}{number}")

    producers = [threading.Thread(target=produce, args=(name, 2)) for name in "ab"]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    time.sleep(1)  # longer than the writer lingers
    assert sorted(sum(written, [])) == ["a0", "a1", "b0", "b1"]
    writer.put("last")
    writer.close()
    assert sum(written, [])[4:] == ["last"] and all(1 <= len(batch) <= 3 for batch in written)
    return [len(batch) for batch in written]
