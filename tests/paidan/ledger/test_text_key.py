from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paidan.errors import LedgerError
from paidan.ledger.text_key import FILE, TextKey
from paidan.message import Message


def test_the_first_to_ask_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = TextKey.load(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert TextKey.load(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_many_who_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: TextKey.load(tmp_path).secret, range(16)))) == 1


def test_two_workspaces_hash_the_same_text_differently(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    one, two = (TextKey.load(tmp_path / name) for name in ("a", "b"))
    assert one.of(Message.from_text("退款")) != two.of(Message.from_text("退款"))
    assert repr(one) == "TextKey()"


def test_parts_are_told_apart() -> None:
    key = TextKey(bytes(32))
    messages = [
        {"text": "退款"},
        {"title": "退", "text": "款"},
        {"title": "退款", "text": "退款"},
        {"turns": [{"role": "customer", "text": "退款"}]},
        {"turns": [{"role": "customer", "text": "退"}, {"role": "customer", "text": "款"}]},
        {"turns": [{"role": "customer", "text": "退"}, {"role": "agent", "text": "款"}]},
    ]
    assert len({key.of(Message.from_dict(message)) for message in messages}) == len(messages)


def test_what_is_not_of_the_text_does_not_count() -> None:
    key = TextKey(bytes(32))
    plain = Message.from_dict({"text": "退款"})
    assert key.of(plain) == key.of(Message.from_dict({"text": "退款", "channel": "app", "id": "7", "fields": {"a": 1}}))


def test_a_damaged_key_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("abc", encoding="ascii")
    with pytest.raises(LedgerError, match=r"text\.key holds no key .* Restore it from a backup"):
        TextKey.load(tmp_path)
