"""Temporary files and folders made by several threads: names, contents, clean-up, and a rotation of the newest."""

from pathlib import Path
import tempfile
import threading


def main():
    names, lock = [], threading.Lock()
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:

        def work(number):
            with tempfile.NamedTemporaryFile("w+", dir=folder, prefix=f"job{number}-", suffix=".txt") as file:
                with lock:
                    names.append(Path(file.name).name)
                    file.write(names[-1])
                file.seek(0)
                assert file.read() == Path(file.name).name
            with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
                spooled.write(b"x" * 20)
                with lock:
                    names.append(spooled.tell())

        threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(Path(folder).iterdir()) == []
    assert not Path(folder).exists()
    assert names.count(20) == 2 and len(set(names)) == 3
    return [Path(folder).name, *names]
