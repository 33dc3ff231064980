"""contextvars across threads: a fresh context in each thread, a copied one carried into a pool, tokens to put things back."""

from concurrent.futures import ThreadPoolExecutor
import contextvars
import threading

request_id = contextvars.ContextVar("request_id", default="-")
user = contextvars.ContextVar("user")


def log_line(text):
    return f"[{request_id.get()}] {user.get('nobody')}: {text}"


def main():
    lines, lock = [], threading.Lock()

    def write(text):
        line = log_line(text)
        with lock:
            lines.append(line)
        return line

    def handle(number, pool):
        token = request_id.set(f"r{number}")
        with lock:
            pass
        user.set(f"user{number}")
        carried = pool.submit(contextvars.copy_context().run, write, "carried")
        plain = pool.submit(write, "plain")
        assert carried.result() == f"[r{number}] user{number}: carried"
        assert plain.result() == "[-] nobody: plain"
        write("own")
        request_id.reset(token)
        assert request_id.get() == "-"

    with ThreadPoolExecutor(2) as pool:
        threads = [threading.Thread(target=contextvars.Context().run, args=(handle, number, pool)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(lines) == sorted(
        ["[-] nobody: plain"] * 2 + [f"[r{n}] user{n}: {text}" for n in (1, 2) for text in ("carried", "own")]
    )
    assert user.get("unset") == "unset" and request_id.get() == "-"
    return lines
