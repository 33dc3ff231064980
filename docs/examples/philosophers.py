"""Dining philosophers: each takes the left fork, then the right one. Sometimes nobody eats."""

import sys
import threading


def dine(left, right, meals):
    for _ in range(meals):
        with left:
            with right:
                pass


def main(number=3, meals=1):
    forks = [threading.Lock() for _ in range(number)]
    philosophers = [
        threading.Thread(target=dine, args=(forks[seat], forks[(seat + 1) % number], meals), name=f"philosopher-{seat + 1}")
        for seat in range(number)
    ]
    for philosopher in philosophers:
        philosopher.start()
    for philosopher in philosophers:
        philosopher.join()
    print("everybody has eaten")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
