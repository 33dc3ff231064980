"""WeakValueDictionary, WeakSet and WeakMethod behind locks: sessions that are shared while somebody uses them, listeners that go."""

import threading
import weakref


class Session:
    def __init__(self, user):
        self.user = user
        self.lock = threading.Lock()
        self.hits = 0

    def hit(self):
        with self.lock:
            self.hits += 1


class Sessions:
    def __init__(self):
        self._lock = threading.Lock()
        self._by_user = weakref.WeakValueDictionary()
        self.listeners = weakref.WeakSet()

    def get(self, user):
        with self._lock:
            session = self._by_user.get(user)
            if session is None:
                session = self._by_user[user] = Session(user)
            return session

    def users(self):
        with self._lock:
            return sorted(self._by_user)


def main():
    sessions = Sessions()
    barrier = threading.Barrier(3)
    seen = []

    def request(user):
        session = sessions.get(user)
        barrier.wait()  # all three are alive here
        session.hit()
        seen.append((session.user, id(session)))
        barrier.wait()

    threads = [threading.Thread(target=request, args=(user,)) for user in ("ann", "bob", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({number for user, number in seen if user == "ann"}) == 1
    assert sessions.users() == []

    kept = sessions.get("eve")
    sessions.listeners.add(kept)
    method = weakref.WeakMethod(kept.hit)
    worker = threading.Thread(target=lambda: [listener.hit() for listener in sessions.listeners])
    worker.start()
    worker.join()
    assert kept.hits == 1 and method() is not None and len(sessions.listeners) == 1
    del worker, kept
    assert method() is None and len(sessions.listeners) == 0 and sessions.users() == []
    return sorted(user for user, _ in seen)
