"""A front that speaks TLS for the tests' broker, as the embedded server does not."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

CERTIFICATE = Path(__file__).parent / "localhost.pem"  # signed by itself, until 2126


@contextmanager
def tls_front(to: Path) -> Iterator[int]:
    """Yield the port of a front whose connections lead to a Unix socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, args=(listener, context, to), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def accept(listener: socket.socket, context: ssl.SSLContext, to: Path) -> None:
    with suppress(OSError):  # at the end
        while True:
            connected, _ = listener.accept()
            Thread(target=serve, args=(connected, context, to), daemon=True).start()


def serve(connected: socket.socket, context: ssl.SSLContext, to: Path) -> None:
    with suppress(OSError), context.wrap_socket(connected, server_side=True) as client, unix(to) as behind:
        while True:
            readable = [client] if client.pending() else select.select([client, behind], [], [])[0]
            for source in readable:
                data = source.recv(65536)
                if not data:
                    return
                (behind if source is client else client).sendall(data)


def unix(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    return made
