"""A tree whose methods call one another under one RLock, and the RLock given up whole inside Condition.wait."""

import threading


class Tree:
    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.children = {}

    def add(self, path):
        with self.lock:
            head, *rest = path
            child = self.children.setdefault(head, {})
            while rest:
                head, *rest = rest
                child = child.setdefault(head, {})
            if self.size() >= 4:
                self.changed.notify_all()

    def size(self, node=None):
        with self.lock:
            node = self.children if node is None else node
            return sum(1 + self.size(child) for child in node.values())

    def wait_until_grown(self):
        with self.lock:
            with self.lock:  # held twice: wait() has to give up both
                return self.changed.wait_for(lambda: self.size() >= 4)


def main():
    tree = Tree()
    grown = []
    threads = [
        threading.Thread(target=lambda: grown.append(tree.wait_until_grown())),
        threading.Thread(target=tree.add, args=("ab",)),
        threading.Thread(target=tree.add, args=("cd",)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grown == [True]
    assert tree.children == {"a": {"b": {}}, "c": {"d": {}}}
    try:
        tree.lock.release()
        raise AssertionError("it was not held")
    except RuntimeError:
        pass
    return tree.size()
