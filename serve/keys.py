"""Who may call: keys by name, of which only digests are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from paidan.errors import SettingsError
from serve.problems import Problem

FILE = "keys.json"
LOCAL = "local"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Keys:
    """Digests by name. `required` is False where a server listens on loopback only."""

    digests: Mapping[str, str]
    required: bool

    def source_of(self, authorization: str | None) -> str:
        """The name of the key that a request carries; `local` without one where none is needed.

        Raises:
            Problem: 401 without a key where one is needed, or with an unknown one.
        """
        if not authorization:
            if self.required:
                raise Problem(
                    "key-missing",
                    "Key needed",
                    401,
                    "send `Authorization: Bearer KEY`; `paidan keys add NAME` makes one",
                )
            return LOCAL
        scheme, _, key = authorization.partition(" ")
        digest = hashlib.sha256(key.strip().encode()).hexdigest()
        for name, known in self.digests.items():
            if scheme.lower() == "bearer" and hmac.compare_digest(known, digest):
                return name
        raise Problem(
            "key-unknown",
            "Key unknown",
            401,
            "this key is not known here; `paidan keys list` shows the names of those that are",
        )


def load_keys(home: Path, host: str, mode: str) -> Keys:
    """Keys of a workspace.

    Raises:
        SettingsError: keys are needed and there are none: a server open to the network must not start so.
    """
    path = home / FILE
    try:
        digests = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise SettingsError(str(path), [f"is not JSON: {error}"]) from None
    required = mode == "always" or (mode == "auto" and host not in LOOPBACK)
    if required and not digests:
        raise SettingsError(
            "keys", [f"a server on {host} needs keys and there are none. Make one: paidan keys add NAME"]
        )
    return Keys(digests, required)


def add_key(home: Path, name: str) -> str:
    """Make a key; it is shown once and only its digest is kept.

    Raises:
        SettingsError: the name is taken.
    """
    path = home / FILE
    digests = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if name in digests:
        raise SettingsError("keys", [f"'{name}' has a key already. Remove it first: paidan keys remove {name}"])
    key = "pd_" + secrets.token_urlsafe(32)
    _write(path, {**digests, name: hashlib.sha256(key.encode()).hexdigest()})
    return key


def remove_key(home: Path, name: str) -> None:
    """Forget a key; servers know from their next start.

    Raises:
        SettingsError: there is no such key.
    """
    path = home / FILE
    digests = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if name not in digests:
        raise SettingsError("keys", [f"there is no key '{name}'. Known: {', '.join(digests) or 'none'}"])
    _write(path, {known: digest for known, digest in digests.items() if known != name})


def _write(path: Path, digests: Mapping[str, str]) -> None:
    temporary = path.with_suffix(".part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(dict(digests), file, indent=1)
    temporary.replace(path)
