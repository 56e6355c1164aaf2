"""A worker of gunicorn that reads requests and sends responses by waitress: slow clients hold no thread.

One loop reads all connections of the process; a thread gets a request once its body is there. Before a large body is
read the application is shown the head of the request: it answers 100, or refuses, and then the body is thrown away.
Of a body in chunks the application is shown the head as well, and none is read: waitress's parser of chunks takes time
by the square of their number, and memory for a line or trailer without end.
"""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from functools import partial
from multiprocessing.sharedctypes import RawArray
from types import SimpleNamespace
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import create_server
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import queue_logger

# In the environment of a request whose body is yet to be read.
HEAD_ONLY = "visrec_site.head_only"
SMALL_BODY = 65_536  # bytes that are read before the application is asked
MAX_HEAD = 32_768  # bytes of the request line and headers
UNPRINTABLE = re.compile("[^!-~]")
MAX_CONNECTIONS = 500  # of a process, each with a file descriptor, of which a process often has 1,024
HEAD_SECONDS = 20  # in which a head has to come, from its first byte on
IDLE_SECONDS = 60  # without a byte, after which a connection is closed
YIELD_SECONDS = 0.001  # for which a worker leaves a new connection to another one that has fewer
LINGER_SECONDS = 2  # of a stop, for a request that a client may be sending on an open connection
# For which what a client sends of a body that was refused is dropped before its connection is closed: at once it would
# see a reset and not the response. Without a byte, and at most.
DROP_SECONDS, MOST_DROP_SECONDS = 2, 20

# The connections of each worker, in memory that the children of one master share, by the worker's age.
ABSENT = -1
_open = RawArray("i", [ABSENT] * 64)


def forget(worker: Worker) -> None:
    """Take a worker that has ended from those that new connections are left to."""
    _open[worker.age % len(_open)] = ABSENT


class Nowhere:
    """A buffer of waitress's that drops what it is given."""

    def append(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def __len__(self) -> int:
        return 0


class Dropped:
    """A body of which nothing is read, to the end of the connection."""

    completed = False
    error = None

    def received(self, data: bytes) -> int:
        return len(data)


class Request(HTTPRequestParser):
    """A request that counts as complete as soon as its head is there, if its body is large or of unknown length.

    is_head: the application is yet to be asked for the body.
    """

    is_head = False
    is_wanted = False  # the application has answered 100
    is_last = False  # on its connection, which is closed once the body was dropped
    drops_since: float | None = None  # time.monotonic()
    expects_continue = False
    start_of_body = b""  # came with the head

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self.began = time.monotonic()  # its first byte is about to be read

    def received(self, data: bytes) -> int:
        was_head = self.headers_finished
        used = super().received(data)
        if was_head or self.error or not (self.chunked or self.content_length > SMALL_BODY):
            return used
        self.is_head = self.completed = True
        self.expects_continue, self.expect_continue = self.expect_continue, False
        self.start_of_body = data[used:]
        return len(data)

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head. Raises ParsingError, also for what waitress answers 501 or raises ValueError."""
        try:
            super().parse_header(header_plus)
        except TransferEncodingNotImplemented as error:
            raise ParsingError("A body needs the header Content-Length, and no Transfer-Encoding") from error
        except ValueError as error:  # an address that is no URL, or a length of thousands of digits
            raise ParsingError("The address or the header Content-Length is invalid") from error

    def go_on(self) -> None:
        """Read the body next, to serve the request or, if the application does not want it, to drop it."""
        self.is_head = self.completed = False
        self.empty = not self.is_wanted
        body: Any = self.body_rcv
        if self.is_wanted:
            body.buf = OverflowableBuffer(self.adj.inbuf_overflow)
        elif self.is_last:
            dropped: Any = Dropped()
            self.body_rcv, self.drops_since = dropped, time.monotonic()
        else:
            body.buf = Nowhere()


class Task(WSGITask):
    """Serve a request, or ask the application for its body, and write a line in the access log."""

    channel: "Channel"
    request: Request  # type: ignore[assignment]  # the stubs take it for an error

    def service(self) -> None:
        super().service()
        if self.request.is_wanted and self.request.is_head:
            return
        response = SimpleNamespace(status=self.status, sent=self.content_length, headers=self.response_headers)
        headers = {name.replace("_", "-"): value for name, value in self.request.headers.items()}
        seconds = timedelta(seconds=time.time() - self.start_time)
        log: Any = self.channel.worker.log  # takes whatever has these attributes
        log.access(response, SimpleNamespace(headers=headers), self.get_environment(), seconds)

    def get_environment(self) -> dict[str, Any]:
        environ = super().get_environment()
        # gunicorn's name of it, which it logs: a terminal would act on control characters.
        environ["RAW_URI"] = UNPRINTABLE.sub(lambda found: f"%{ord(found[0]):02X}", environ["REQUEST_URI"])
        if self.request.is_head:
            environ[HEAD_ONLY] = True
            if self.request.chunked:
                environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        return environ

    def write(self, data: bytes) -> None:
        if not data or self.wrote_header or not self.complete:
            return super().write(data)
        self.channel.head, self.wrote_header = self.build_response_header(), True
        super().write(data)
        self.channel.write_soon(b"")  # the head, where nothing came after it
        return None

    def build_response_header(self) -> bytes:
        if not self.channel.worker.alive or (self.request.is_head and self.request.chunked):
            self.set_close_on_finish()
        return super().build_response_header()

    def set_close_on_finish(self) -> None:
        super().set_close_on_finish()
        if self.request.is_head:  # its body is on its way, and is dropped before the connection is closed
            self.request.is_last, self.close_on_finish = True, False

    def finish(self) -> None:
        if self.request.is_head and self.status.startswith("100"):
            self.request.is_wanted = True
        else:
            super().finish()


class Refusal(ErrorTask):
    """Refuse what is not HTTP, or has too large a head, by a problem document: no application sees it."""

    request: Request  # type: ignore[assignment]  # the stubs take it for an error

    def execute(self) -> None:
        error: Any = self.request.error
        document = {"type": "about:blank", "title": error.reason, "status": error.code, "detail": error.body}
        body = json.dumps({**document, "errors": {}}).encode()
        self.status = f"{error.code} {error.reason}"
        headers = ("Content-Type", "application/problem+json"), ("X-Request-ID", uuid.uuid4().hex)
        self.response_headers = [*self.response_headers, *headers]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection."""

    task_class = Task
    error_task_class = Refusal
    parser_class = Request

    def __init__(self, worker: "WaitressWorker", *args: Any, **kwargs: Any):
        self.worker = worker
        self.is_paused = False  # reads nothing, as the application is being asked for the body
        self.answered: Request | None = None  # the request whose head the application has answered
        self.head = b""  # of a response, which is sent with what is written next: a client is woken by each packet
        super().__init__(*args, **kwargs)

    def readable(self) -> bool:
        if self.answered:
            self.resume(self.answered)
        if self.is_late():
            self.will_close = True
        return not self.is_paused and super().readable()

    def write_soon(self, data: Any) -> int:
        head, self.head = self.head, b""
        if head and isinstance(data, bytes):
            super().write_soon(head + data)
            return len(data)
        super().write_soon(head)
        return super().write_soon(data)

    def service(self) -> None:
        request = self.requests[0]
        assert isinstance(request, Request)
        is_head = self.is_paused = request.is_head
        super().service()
        if is_head:  # is_paused may be of the next request by now, which another thread serves
            self.answered = request
            self.server.pull_trigger()

    def resume(self, request: Request) -> None:
        """Read the body of a request. In the loop, which sends without a lock when no request is being served."""
        self.answered, self.request = None, request
        request.go_on()
        if request.is_wanted and request.expects_continue:
            self.send_continue()
        self.received(request.start_of_body)
        self.is_paused = False

    def is_late(self) -> bool:
        """Return whether a head, or what is dropped, has come for too long; a byte now and then is no progress."""
        request = self.request
        if not isinstance(request, Request):
            return False
        if request.drops_since is not None:
            is_quiet = time.time() - self.last_activity > DROP_SECONDS
            return is_quiet or time.monotonic() - request.drops_since > MOST_DROP_SECONDS
        if request.headers_finished:
            return False
        return time.monotonic() - request.began > HEAD_SECONDS

    def is_idle(self) -> bool:
        """Return whether no request is under way, but for the beginning of a head."""
        is_reading = self.request is not None and self.request.headers_finished
        return not (self.requests or self.total_outbufs_len or self.is_paused or is_reading)


class WaitressWorker(Worker):
    """The worker class, for gunicorn's `worker_class`."""

    connections: MutableMapping[int, Any]  # those that are open, and what is listened on, by file descriptor
    servers: tuple[Any, ...] = ()  # one for each address that is listened on

    def run(self) -> None:
        queue_logger.setLevel(logging.ERROR)  # requests that wait for a thread are no cause for a warning each
        self.connections = {}
        threads = ThreadedTaskDispatcher()
        threads.set_thread_count(self.cfg.threads)
        listeners: list[Any] = self.sockets
        self.servers = tuple(self.listen(listener.sock, threads) for listener in listeners)
        while self.alive:
            self.notify()
            _open[self.age % len(_open)] = len(self.connections)
            wasyncore.poll2(1.0, self.connections)
        forget(self)
        self.finish()

    def listen(self, socket: Any, threads: ThreadedTaskDispatcher) -> Any:
        """Return a server that reads the connections of a listening socket."""
        application: Any = self.wsgi
        server: Any = create_server(
            application,
            self.connections,
            _dispatcher=threads,
            sockets=[socket],
            clear_untrusted_proxy_headers=False,  # Django's settings say which to trust
            max_request_header_size=MAX_HEAD,
            max_request_body_size=2**62,  # the application decides
            recv_bytes=SMALL_BODY,
            connection_limit=MAX_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
        )
        server.channel_class = partial(Channel, self)
        server.handle_accept = partial(self.accept, server.handle_accept)
        return server

    def accept(self, accept: Callable[[], None]) -> None:
        """Take a connection, a moment later if another worker has fewer: it is ready by then and has taken it.

        Clients keep their connections, and those of one worker share its core.
        """
        if self.alive and any(ABSENT < number < len(self.connections) for number in _open):
            time.sleep(YIELD_SECONDS)
        accept()
        _open[self.age % len(_open)] = len(self.connections)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        for server in self.servers:
            server.pull_trigger()  # wakes the loop

    def finish(self) -> None:
        """Finish the requests that have been sent, and those that come in LINGER_SECONDS on open connections."""
        for server in self.servers:
            self.accept_waiting(server)
            wasyncore.dispatcher.close(server)  # not its trigger, by which threads wake the loop
        began = time.monotonic()
        while (seconds := time.monotonic() - began) < self.cfg.graceful_timeout:
            open_channels = [channel for server in self.servers for channel in server.active_channels.values()]
            if not open_channels:
                return
            self.notify()
            for channel in open_channels:
                if seconds > LINGER_SECONDS and channel.is_idle():
                    channel.will_close = True
            wasyncore.poll2(0.1, self.connections)
        self.log.warning("Requests that did not end in %d s are given up.", self.cfg.graceful_timeout)

    def accept_waiting(self, server: Any) -> None:
        """Take the connections that wait, as the kernel would reset them."""
        known = -1
        while known < len(self.connections):
            known = len(self.connections)
            server.handle_accept()
