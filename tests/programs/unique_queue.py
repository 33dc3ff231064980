"""queue.Queue extended as people do: a subclass with its own storage, the mutex and the conditions used from outside."""

from dataclasses import dataclass, field
import queue
import threading
import time


class UniqueQueue(queue.Queue):
    """Takes an item that is waiting already no second time."""

    def _init(self, maxsize):
        self.queue = {}

    def _qsize(self):
        return len(self.queue)

    def _put(self, item):
        if item in self.queue:
            self.unfinished_tasks -= 1
        self.queue[item] = True

    def _get(self):
        item = next(iter(self.queue))
        del self.queue[item]
        return item

    def clear(self):
        with self.mutex:
            self.unfinished_tasks -= len(self.queue)
            self.queue.clear()
            self.not_full.notify_all()
            if not self.unfinished_tasks:
                self.all_tasks_done.notify_all()

    def join_for(self, timeout):
        """As join, with a timeout: the usual recipe."""
        end = time.monotonic() + timeout
        with self.all_tasks_done:
            while self.unfinished_tasks:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.all_tasks_done.wait(left)
        return True


@dataclass(order=True)
class Job:
    priority: int
    name: str = field(compare=False)


def main():
    urls = UniqueQueue()
    crawled, lock = [], threading.Lock()

    def crawl():
        while True:
            url = urls.get()
            with lock:
                crawled.append(url)
            if url == "/":
                for link in ("/a", "/b", "/a"):
                    urls.put(link)
            urls.task_done()

    urls.put("/")
    for _ in range(2):
        threading.Thread(target=crawl, daemon=True).start()
    assert urls.join_for(60)
    assert set(crawled) == {"/", "/a", "/b"} and 3 <= len(crawled) <= 4

    idle = UniqueQueue(maxsize=2)
    idle.put("x")
    idle.put("y")
    assert not idle.join_for(0.05)
    blocked = threading.Thread(target=idle.put, args=("z",))
    blocked.start()
    idle.clear()
    blocked.join()
    assert idle.qsize() in (0, 1)

    jobs = queue.PriorityQueue()
    senders = [threading.Thread(target=jobs.put, args=(Job(priority, name),)) for priority, name in ((3, "low"), (1, "high"), (2, "mid"))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    order = [jobs.get_nowait().name for _ in range(3)]
    assert order == ["high", "mid", "low"]
    return order
