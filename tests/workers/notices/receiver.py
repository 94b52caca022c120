"""Who notices are sent to: a server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A server that keeps what it gets and answers with the next of `answers`, at the end 204."""

    def __init__(self) -> None:
        self.got = []
        self.answers = []
        self.connections = 0
        self.release = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self):
                receiver.connections += 1
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.path, headers, body))
                receiver.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.port = self._server.server_port

    def answer(self, request):
        answer = self.answers.pop(0) if self.answers else 204
        if answer == "silence":
            self.release.wait(10)
            return
        if callable(answer):
            answer()
            return
        request.send_response(answer)
        request.send_header("location", f"http://127.0.0.1:{self.port}/elsewhere")
        request.send_header("content-length", "0")
        request.end_headers()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def documents(self):
        return [json.loads(body) for _, _, body in self.got]

    def close(self):
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
