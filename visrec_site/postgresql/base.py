"""Connections of the backend, in the module that Django looks for."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows without a round trip whether its server has left it."""

    def is_usable(self) -> bool:
        """Return whether the server still serves this connection, which is idle.

        An idle server sends nothing; one that ends says so.
        """
        if self.connection is None or self.connection.closed:
            return False
        socket = select.poll()
        socket.register(self.connection, select.POLLIN)
        return not socket.poll(0)
