"""A race inside tasks of a pool: each access to the index is locked, the check and the insertion are not one."""

from concurrent.futures import ThreadPoolExecutor
import threading

FAILURE = "exception"


class Index:
    def __init__(self):
        self._lock = threading.Lock()
        self._pages = {}

    def has(self, word):
        with self._lock:
            return word in self._pages

    def insert(self, word, pages):
        with self._lock:
            self._pages[word] = pages

    def extend(self, word, page):
        with self._lock:
            self._pages[word].append(page)

    def get(self, word):
        with self._lock:
            return sorted(self._pages[word])


def main():
    index = Index()
    loaded = threading.Barrier(2)

    def read(page, words):
        loaded.wait()
        for word in words:
            if index.has(word):
                index.extend(word, page)
            else:
                index.insert(word, [page])
        return page

    with ThreadPoolExecutor(max_workers=2) as pool:
        assert list(pool.map(read, (1, 2), ("the cat sat".split(), "the cat ran".split()))) == [1, 2]
    assert index.get("the") == index.get("cat") == [1, 2], "a page was lost"
    return index.get("the")
