from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from paidan.errors import RoutingError
from paidan.workdays import Workdays

DATASETS = Path(__file__).parents[2] / "datasets"


@pytest.fixture(scope="module")
def shipped() -> Workdays:
    return Workdays.load(DATASETS / "holidays.yaml")


def test_every_day_of_the_shipped_years_agrees_with_the_holidays_library(shipped: Workdays) -> None:
    china = holidays.country_holidays("CN", years=[2025, 2026, 2027])
    days = [date(2025, 1, 1) + timedelta(days=count) for count in range(3 * 365)]
    assert [day for day in days if shipped.is_working_day(day) != china.is_working_day(day)] == []


def test_a_holiday_is_closed_and_its_exchanged_weekend_is_worked(shipped: Workdays) -> None:
    assert not shipped.is_working_day(date(2026, 2, 20))
    assert shipped.is_working_day(date(2026, 2, 14))
    assert not shipped.is_working_day(date(2026, 11, 21))
    assert shipped.is_working_day(date(2026, 11, 20))


def test_the_calendar_says_how_sure_it_is_of_each_year(shipped: Workdays) -> None:
    assert shipped.certainty_of(date(2026, 5, 1)) == "known"
    assert shipped.certainty_of(date(2027, 5, 1)) == "statutory"
    assert shipped.certainty_of(date(2028, 5, 1)) == "weekends_only"
    assert shipped.known(date(2027, 5, 1))
    assert not shipped.known(date(2028, 5, 1))


def test_several_days_are_as_sure_as_the_weakest_of_their_years(shipped: Workdays) -> None:
    assert shipped.certainty_of(date(2026, 12, 31), date(2027, 1, 4)) == "statutory"
    assert shipped.certainty_of(date(2026, 12, 31), date(2030, 1, 4)) == "weekends_only"


def test_the_calendar_ends_with_the_last_fully_known_year(shipped: Workdays) -> None:
    assert shipped.end == date(2026, 12, 31)
    assert Workdays.none().end is None


def test_a_gap_in_the_known_years_ends_the_calendar_before_it() -> None:
    assert Workdays.from_dict({"years": {2025: {}, 2027: {}}}).end == date(2025, 12, 31)


def test_the_calendar_survives_json(shipped: Workdays) -> None:
    assert Workdays.from_dict(json.loads(json.dumps(shipped.to_raw()))) == shipped


def test_all_problems_of_a_calendar_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "holidays.yaml"
    path.write_text(
        "years:\n"
        "  2026:\n"
        "    certainty: sure\n"
        "    holidays: {2025-10-01: 国庆节, 十月一日: 国庆节, 2026-05-01: 劳动节}\n"
        "    working_days: [2026-05-01]\n"
        "  next: {}\n"
        "  2026: {holidays: {2026-05-01: 劳动节, tomorrow: 休}, working_days: [2026-05-01], certainty: sure}\n",
        encoding="utf-8",
    )
    with pytest.raises(RoutingError, match=r"holidays\.yaml: line 7: '2026' is written twice") as caught:
        Workdays.load(path)
    told = "\n".join(caught.value.problems)
    assert "certainty 'sure' is not allowed; write known or statutory" in told
    assert "'tomorrow' is not a date like 2026-10-01" in told
    assert "2026-05-01 is both a holiday and a working day" in told
    assert "year 'next': expected a year like 2026" in told


def test_a_day_under_the_wrong_year_is_refused() -> None:
    with pytest.raises(RoutingError, match="year 2026: 2025-10-01 belongs under 2025"):
        Workdays.from_dict({"years": {2026: {"holidays": {"2025-10-01": "国庆节"}}}})


def test_holidays_must_map_dates_to_names() -> None:
    with pytest.raises(RoutingError, match="`holidays` is a mapping of dates to names"):
        Workdays.from_dict({"years": {2026: {"holidays": ["2026-10-01"]}}})


@pytest.mark.parametrize("raw", [None, [], {"years": [2026]}])
def test_a_file_without_years_is_refused(raw: object) -> None:
    with pytest.raises(RoutingError, match="expected a mapping `years`"):
        Workdays.from_dict(raw)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RoutingError, match=r"holidays\.yaml: not found\. .*paidan init"):
        Workdays.load(tmp_path / "holidays.yaml")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"years: {2026: \xbc\xcb}", "not readable as UTF-8 text"),
        (b"years: [1", "not YAML"),
        (b"years: {2026: {holidays: {2026-02-30: x}}}", "holds a value that YAML cannot read"),
    ],
)
def test_an_unreadable_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "holidays.yaml").write_bytes(content)
    with pytest.raises(RoutingError, match=sentence):
        Workdays.load(tmp_path / "holidays.yaml")


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    (tmp_path / "holidays.yaml").write_bytes(b"\xef\xbb\xbfyears: {2026: {}}")
    assert Workdays.load(tmp_path / "holidays.yaml").known(date(2026, 1, 1))
