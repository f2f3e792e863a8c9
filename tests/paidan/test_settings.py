"""Settings: environment over file over default; nonsense refused, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from paidan.errors import SettingsError
from paidan.settings import Settings, load_settings


def home_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "paidan.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings, origins = load_settings(tmp_path, {})
    assert settings == Settings()
    assert set(origins) == set(Settings.model_fields)
    assert set(origins.values()) == {"default"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    home = home_with(tmp_path, "port = 9000\nprecision = 0.9\n")
    settings, origins = load_settings(home, {"PAIDAN_PORT": "9001", "PAIDAN_HOST": ""})
    assert (settings.port, settings.precision, settings.host) == (9001, 0.9, "127.0.0.1")
    assert (origins["port"], origins["precision"], origins["host"]) == ("PAIDAN_PORT", "paidan.toml", "default")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("precision = 0.4", r"precision \(from paidan\.toml\): Input should be greater than or equal to 0\.5"),
        ("precision = 1.0", r"precision \(from paidan\.toml\): Input should be less than or equal to 0\.999"),
        ('port = "eighty"', r"port \(from paidan\.toml\): Input should be a valid integer"),
        ("port = 65536", "less than or equal to 65535"),
        ("workers = 0", "greater than or equal to 1"),
        ("swap_seconds = 0", "greater than 0"),
        ('keys_required = "perhaps"', "Input should be 'auto', 'always' or 'never'"),
        ("percision = 0.9", "Known settings: precision, candidate_coverage"),
        ("precision = ", "not readable as UTF-8 TOML"),
    ],
)
def test_nonsense_is_refused_with_its_origin_and_what_is_allowed(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load_settings(home_with(tmp_path, text), {})


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    home = home_with(tmp_path, "port = -1\nworkers = 99\nnonsense = 1\n")
    with pytest.raises(SettingsError, match="port") as caught:
        load_settings(home, {"PAIDAN_LOG_LEVEL": "loud"})
    assert len(caught.value.problems) == 4
    assert any("PAIDAN_LOG_LEVEL" in problem for problem in caught.value.problems)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "paidan.toml").write_text("port = 9000", encoding="utf-8-sig")
    assert load_settings(tmp_path, {})[0].port == 9000


def test_a_file_in_gbk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "paidan.toml").write_bytes("# 设置".encode("gb18030"))
    with pytest.raises(SettingsError, match="not readable as UTF-8 TOML"):
        load_settings(tmp_path, {})


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
