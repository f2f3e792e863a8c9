"""The obvious way to cut a text, with which Paidan is compared: jieba itself, on the whole text."""

from __future__ import annotations


def cut(text: str) -> list[str]:
    """jieba's words, spaces and punctuation included. At module level, so that a pipeline that uses it can be saved.

    >>> cut("空调不制冷")
    ['空调', '不', '制冷']
    """
    import jieba

    words: list[str] = jieba.lcut(text)
    return words
