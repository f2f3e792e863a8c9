"""A database that neither answers nor refuses is let go of, so that answers can go to the journal instead."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection


class Leash:
    """The connections in use and since when.

    Args:
        pulled: how often one was let go of.
    """

    def __init__(self) -> None:
        self.pulled = 0
        self._used: dict[int, tuple[float, int]] = {}

    @contextmanager
    def on(self, conn: Connection) -> Iterator[None]:
        """Watch a connection while it is used by this thread."""
        wire = getattr(getattr(conn.connection.driver_connection, "pgconn", None), "socket", None)
        if wire is None:
            yield
            return
        thread = threading.get_ident()
        self._used[thread] = (time.monotonic(), wire)
        try:
            yield
        finally:
            self._used.pop(thread, None)

    def pull(self, seconds: float) -> int:
        """Shut the connections that have been in use for longer; their threads get the error of a lost connection."""
        late = time.monotonic() - seconds
        count = 0
        for thread, (since, wire) in list(self._used.items()):
            if since < late and self._used.pop(thread, None) is not None:
                self.pulled += 1
                count += 1
                with suppress(OSError), socket.socket(fileno=os.dup(wire)) as shut:
                    shut.shutdown(socket.SHUT_RDWR)
        return count
