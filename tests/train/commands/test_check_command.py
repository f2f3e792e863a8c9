from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paidan.errors import PaidanError, RecordsError, SettingsError, WorkspaceError
from paidan.main import Context
from train.commands.check import check

TAXONOMY = (
    "tags:\n  - {id: process.refund-delay, name: 退款延迟, code: 101}\n  - {id: product.battery, name: 电池续航}\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "datasets" / "starter").mkdir(parents=True)
    (tmp_path / "datasets" / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    return tmp_path


def _jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _run(home: Path, *arguments: object) -> Result:
    result = CliRunner().invoke(check, [str(argument) for argument in arguments], obj=Context(home))
    if isinstance(result.exception, PaidanError):
        raise result.exception
    return result


def _report(home: Path, *arguments: object) -> tuple[dict[str, Any], int]:
    result = _run(home, *arguments, "--json")
    report: dict[str, Any] = json.loads(result.stdout)
    return report, result.exit_code


def test_good_file_exits_0(home: Path) -> None:
    path = _jsonl(home / "a.jsonl", {"text": "退款慢", "tag": "101"}, {"text": "没电", "tag": "电池续航"})
    report, code = _report(home, path)
    assert code == 0
    assert report["ok"] is True
    assert report["counts"]["tag"] == {"process.refund-delay": 1, "product.battery": 1}
    assert all(set(finding) == {"level", "code", "message", "rows", "details"} for finding in report["findings"])


def test_rejected_row_exits_1_and_is_written_out(home: Path) -> None:
    path = home / "complaints.csv"
    path.write_text("text,tag\n秘密,退款延\n退款慢,101\n", encoding="utf-8")
    result = _run(home, path, "--rejects", home / "r.jsonl")
    assert result.exit_code == 1
    assert (
        "error: complaints.csv line 2: tag '退款延' is not in the taxonomy. Did you mean 'process.refund-delay'?"
        in result.stdout
    )
    assert "秘密" not in result.stdout
    assert "Found wanting: 1 error" in result.stdout
    assert json.loads((home / "r.jsonl").read_text(encoding="utf-8"))["raw"]["text"] == "秘密"


def test_long_lists_are_cut_on_the_terminal_and_whole_in_json(home: Path) -> None:
    path = _jsonl(home / "a.jsonl", *[{"text": "慢", "tag": f"没有{i}号"} for i in range(51)])
    assert "… and 41 more of this kind (error rejected)" in _run(home, path).stdout
    report, _ = _report(home, path)
    assert len([finding for finding in report["findings"] if finding["code"] == "rejected"]) == 51


def test_columns_profile_and_encoding(home: Path) -> None:
    path = home / "a.csv"
    path.write_bytes("留言详情,一级标签,级别\n退款慢,101,特急\n".encode("gbk"))
    profile = home / "p.yaml"
    profile.write_text(
        "columns: {text: 留言, urgency: 级别}\nvalues: {urgency: {特急: high}}\nencoding: gbk\n", encoding="utf-8"
    )
    options = ("--profile", profile, "--column", "text=留言详情", "--column", "tag=一级标签")
    report, code = _report(home, path, *options)
    assert (report["counts"]["tier"], report["counts"]["labelled"]["tag"], code) == ({"high": 1}, 1, 0)
    with pytest.raises(RecordsError, match="is not utf-8. Try `--encoding gb18030`".replace(".", r"\.")):
        _run(home, path, *options, "--encoding", "utf-8")
    with pytest.raises(SettingsError, match="not of the form ours=theirs"):
        _run(home, path, "--column", "text")


def test_taxonomy_may_be_inferred_or_another_file(home: Path) -> None:
    path = _jsonl(home / "a.jsonl", {"text": "明天下雨吗", "tag": "weather"})
    assert _report(home, path)[1] == 1
    report, code = _report(home, path, "--taxonomy", "infer")
    assert (report["counts"]["tag"], code) == ({"weather": 1}, 0)
    other = home / "other.yaml"
    other.write_text("tags: [{id: weather, name: 天气}]", encoding="utf-8")
    assert _report(home, path, "--taxonomy", other)[1] == 0


def test_blank_tag_and_further_head(home: Path) -> None:
    path = home / "a.csv"
    path.write_text("text,tag,emotion\n差评,,愤怒\n差评,,平静\n", encoding="utf-8")
    report, _ = _report(home, path, "--blank-tag", "out_of_scope", "--head", "emotion")
    assert report["counts"]["labelled"]["out_of_scope"] == 2
    assert [finding["message"] for finding in report["findings"] if finding["code"] == "conflict"] == [
        "the same text stands under 2 labels of emotion: '平静' and '愤怒'. Choose one"
    ]


def test_overlap_with_files_of_another_taxonomy_exits_1(home: Path) -> None:
    train = home / "train.csv"
    train.write_text("留言,标签\n退款三天了还没有到账,101\n", encoding="utf-8")
    test = _jsonl(home / "test.jsonl", {"text": "退款三天了还没有到账！", "tag": "foreign"}, {"text": ""})
    report, code = _report(home, train, "--column", "text=留言", "--column", "tag=标签", "--against", test)
    codes = {finding["code"]: finding for finding in report["findings"]}
    assert code == 1
    assert codes["overlap"]["rows"] == [{"file": "train.csv", "row": 2}, {"file": "test.jsonl", "row": 1}]
    assert codes["against_rejected"]["level"] == "warning"


def test_starter_set_is_checked_with_its_claims_and_lists(home: Path) -> None:
    datasets = home / "datasets"
    _jsonl(
        datasets / "starter" / "a.jsonl", {"text": "退款慢", "tag": "101"}, {"text": "没电", "tag": "product.battery"}
    )
    (datasets / "claims.yaml").write_text("min_per_tag: 1\n", encoding="utf-8")
    (datasets / "vocabulary").mkdir()
    (datasets / "vocabulary" / "product.battery.txt").write_text("[words]\n没电 掉电\n", encoding="utf-8")
    report, code = _report(home, "--column", "text=留言")
    assert code == 0
    assert report["claims"] == [{"name": "min_per_tag", "claimed": 1.0, "measured": 1.0, "holds": True}]
    assert any(
        finding["code"] == "vocabulary_words" and finding["details"] == ["掉电"] for finding in report["findings"]
    )
    (datasets / "claims.yaml").write_text("min_per_tag: 2\n", encoding="utf-8")
    result = _run(home)
    assert result.exit_code == 1
    assert "claim min_per_tag 2 does not hold: 1" in result.stdout


def test_own_file_is_held_to_no_claims_of_the_starter_set(home: Path) -> None:
    (home / "datasets" / "claims.yaml").write_text("min_per_tag: 200\n", encoding="utf-8")
    report, code = _report(home, _jsonl(home / "a.jsonl", {"text": "退款慢", "tag": "101"}))
    assert (report["claims"], code) == ([], 0)


def test_nothing_to_check_and_no_workspace_are_sentences(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(RecordsError, match=r"holds no \.jsonl\. Name a file"):
        _run(home)
    with pytest.raises(WorkspaceError, match="is no workspace"):
        _run(tmp_path_factory.mktemp("empty"), "a.csv")


def test_own_home_option_wins(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = _jsonl(home / "a.jsonl", {"text": "退款慢", "tag": "101"})
    assert _run(tmp_path_factory.mktemp("empty"), path, "--home", home).exit_code == 0


def test_help_has_an_example(home: Path) -> None:
    result = _run(home, "--help")
    assert result.exit_code == 0
    assert "Example: paidan check complaints.csv" in result.stdout


def test_misuse_exits_2(home: Path) -> None:
    assert _run(home, "--blank-tag", "maybe").exit_code == 2


def test_environment_names_the_workspace_when_the_group_does_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIDAN_HOME", str(home))
    path = _jsonl(home / "a.jsonl", {"text": "退款慢", "tag": "101"})
    assert CliRunner().invoke(check, [str(path)]).exit_code == 0
