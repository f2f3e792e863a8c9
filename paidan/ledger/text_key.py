"""The keyed hash by which a text is recognised again without being stored."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from paidan.errors import LedgerError
from paidan.message import Message

FILE = "text.key"
BYTES = 32
DIGEST = 16


@dataclass(frozen=True, slots=True)
class TextKey:
    """A workspace's secret. Without it, nobody can tell from the ledger whether a guessed text was sent.

    >>> key = TextKey(bytes(32))
    >>> key.of(Message.from_text("退款三天没到账")) == key.of(Message.from_text("退款三天没到账"))
    True
    >>> key.of(Message.from_text("退款三天没到账")) == key.of(Message.from_text("退款到账了"))
    False
    """

    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, home: Path) -> TextKey:
        """The workspace's key; the first to ask makes it, readable by its owner only.

        Raises:
            LedgerError: the file holds no key.
        """
        path = home / FILE
        if not path.exists():
            _make(path, secrets.token_bytes(BYTES))
        try:
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError:
            secret = b""
        if len(secret) != BYTES:
            raise LedgerError(
                f"{path} holds no key (found {len(secret)} bytes; {BYTES} in hexadecimal are needed). Restore it from a "
                "backup; without it repeats of earlier messages are not recognised"
            )
        return cls(secret)

    def restore(self, home: Path) -> None:
        """Write this key into a workspace; an older one there is replaced."""
        (home / FILE).unlink(missing_ok=True)
        _make(home / FILE, self.secret)

    def of(self, message: Message) -> str:
        """The hash of all parts of a message, names and texts, in order."""
        digest = hashlib.blake2b(key=self.secret, digest_size=DIGEST)
        for part in message.parts:
            for text in (part.name, part.text):
                raw = text.encode()
                digest.update(len(raw).to_bytes(4, "big"))
                digest.update(raw)
            digest.update(b"\x01" if part.scored else b"\x00")
        return digest.hexdigest()

    def of_ticket(self, source: str, id: str) -> str:
        """The hash of a ticket: all that stays of one that was erased."""
        digest = hashlib.blake2b(key=self.secret, digest_size=DIGEST, person=b"ticket")
        for text in (source, id):
            raw = text.encode()
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.hexdigest()


def _make(path: Path, secret: bytes) -> None:
    """Write a key whole or not at all; whoever comes second finds the first one's."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
