"""Ping-pong by events, a wait that times out, and waiters that all go when the flag is up for a moment only."""

import threading


def main():
    ping, pong = threading.Event(), threading.Event()
    rallies = []

    def player(name, mine, other):
        for _ in range(3):
            mine.wait()
            mine.clear()
            rallies.append(name)
            other.set()

    players = [
        threading.Thread(target=player, args=("ping", ping, pong)),
        threading.Thread(target=player, args=("pong", pong, ping)),
    ]
    for thread in players:
        thread.start()
    ping.set()
    for thread in players:
        thread.join()
    assert rallies == ["ping", "pong"] * 3

    assert threading.Event().wait(timeout=0.01) is False
    raised = threading.Event()
    raised.set()
    assert raised.wait(timeout=0.01) is True and raised.wait(0) is True

    shot = threading.Event()
    heard = []
    runners = [threading.Thread(target=lambda: heard.append(shot.wait(timeout=0.05))) for _ in range(3)]
    for thread in runners:
        thread.start()
    shot.set()
    shot.clear()
    for thread in runners:
        thread.join()
    # Who was waiting at the shot heard it; who came too late gives up.
    assert len(heard) == 3 and set(heard) <= {True, False}
    return sorted(heard)
