"""An autosave timer that is cancelled when the document closes: if it has begun already, it saves into a closed file."""

import io
import threading
import time

FAILURE = "exception"


class Document:
    def __init__(self, file):
        self._file = file
        self._lock = threading.Lock()
        self._text = ""
        self._timer = None

    def write(self, text):
        with self._lock:
            self._text += text
            if self._timer is None:
                self._timer = threading.Timer(5.0, self._autosave)
                self._timer.start()

    def _autosave(self):
        with self._lock:
            self._timer = None
            self._file.write(self._text)

    def close(self):
        timer = self._timer
        if timer is not None:
            timer.cancel()
        with self._lock:
            self._file.close()


def main():
    documents = [Document(io.StringIO()) for _ in range(3)]
    writers = [threading.Thread(target=document.write, args=("hello",)) for document in documents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    time.sleep(5.0)
    for document in documents:
        document.close()
    return "closed"
