from __future__ import annotations

from pathlib import Path

import pytest

from paidan.errors import SettingsError
from train.columns import parse_columns
from train.profile import Profile


def test_profile_defaults_change_nothing() -> None:
    assert Profile.from_dict({}) == Profile({}, {}, "utf-8", None, "unlabelled")


def test_profile_tells_all_its_problems_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "colums: {}\ncolumns: [text]\nvalues: {urgency: high, kind: {yes: complaint}}\nencoding: 3\nblank_tag: x\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError) as caught:
        Profile.load(path)
    text = str(caught.value)
    assert len(caught.value.problems) == 6
    assert "p.yaml: unknown key 'colums'; allowed are columns, values, encoding, sheet, blank_tag" in text
    assert "`columns` must be a mapping, like {text: 留言详情}" in text
    assert "`values: kind` has a word that YAML reads as True; put it in quotes" in text
    assert "`blank_tag` is 'x'; allowed are unlabelled, out_of_scope" in text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"columns: {", "not readable as UTF-8 YAML"),
        ("列: 甲".encode("gbk"), "not readable as UTF-8 YAML"),
        (b"- a", "expected a mapping"),
    ],
)
def test_unreadable_profile_is_one_sentence(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "p.yaml").write_bytes(content)
    with pytest.raises(SettingsError, match=problem):
        Profile.load(tmp_path / "p.yaml")


def test_missing_profile_is_said() -> None:
    with pytest.raises(SettingsError, match="not found"):
        Profile.load(Path("no-such-profile.yaml"))


def test_column_pairs_are_all_checked() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_columns(["text", "=x", "tag=甲", "tag=乙"])
    assert len(caught.value.problems) == 3
    assert "'tag' is given twice, as '甲' and '乙'" in str(caught.value)
    assert parse_columns(["text=a=b"]) == {"text": "a=b"}
