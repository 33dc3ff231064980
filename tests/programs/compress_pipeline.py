"""Records to JSON to zlib and back: three stages over queues, with a reorder buffer at the end."""

import json
import queue
import threading
import zlib


def stage(function, source, target, workers, threads):
    left = workers
    lock = threading.Lock()

    def work():
        nonlocal left
        while (item := source.get()) is not None:
            number, value = item
            target.put((number, function(value)))
        source.put(None)  # for the others of this stage
        with lock:
            left -= 1
            last = not left
        if last:
            target.put(None)

    for _ in range(workers):
        threads.append(threading.Thread(target=work))


def main():
    records = [{"id": number, "tags": ["x"] * number} for number in range(4)]
    plain, text, packed, unpacked = (queue.Queue() for _ in range(4))
    threads = []
    stage(lambda record: json.dumps(record, sort_keys=True).encode(), plain, text, 2, threads)
    stage(lambda data: zlib.compress(data, 6), text, packed, 2, threads)
    stage(lambda data: json.loads(zlib.decompress(data)), packed, unpacked, 1, threads)
    for thread in threads:
        thread.start()
    for item in enumerate(records):
        plain.put(item)
    plain.put(None)

    waiting, ordered = {}, []
    while (item := unpacked.get()) is not None:
        waiting[item[0]] = item[1]
        while len(ordered) in waiting:
            ordered.append(waiting.pop(len(ordered)))
    for thread in threads:
        thread.join()
    assert ordered == records and not waiting
    return [record["id"] for record in ordered]
