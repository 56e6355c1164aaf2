"""Names and addresses of the internet as a test has them, and one server behind all that are public."""

import socket
import time
from contextlib import suppress
from threading import Thread

PUBLIC = "93.184.215.14"


def response_of(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Internet:
    """Stands in for the functions of `socket` that resolve and connect."""

    def __init__(self) -> None:
        self.names = {"img.example": [PUBLIC]}  # what the name server answers, one after another
        self.responses: list[bytes] = []
        self.requests: list[bytes] = []
        self.connected: list[str] = []
        self.pause = 0.0  # seconds between two bytes
        self.listener = socket.create_server(("127.0.0.1", 0))
        Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, suppress(OSError):
                    self.requests.append(client.recv(65536))
                    self.send(client, self.responses.pop(0))

    def send(self, client: socket.socket, response: bytes) -> None:
        for byte in [response[i : i + 1] for i in range(len(response))] if self.pause else [response]:
            client.sendall(byte)
            time.sleep(self.pause)

    def resolve(self, host: str, port: int, **options: object) -> list:
        answers = self.names.get(host)
        if not answers:
            raise socket.gaierror(-2, "Name or service not known")
        address = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        self.connected.append(address[0])
        made = socket.socket()
        made.settimeout(timeout)
        made.connect(self.listener.getsockname())
        return made
