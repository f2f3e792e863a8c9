from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from paidan.errors import RoutingError
from paidan.queues import Party
from paidan.routing import RoutingTable
from paidan.taxonomy import Taxonomy
from paidan.workdays import Workdays

DATASETS = Path(__file__).parents[2] / "datasets"
TAXONOMY = Taxonomy.load(DATASETS / "taxonomy.yaml")
CALENDAR = Workdays.load(DATASETS / "holidays.yaml")
FRIDAY = datetime(2026, 11, 20, 17, 50, tzinfo=ZoneInfo("Asia/Shanghai"))

RAW: dict[str, Any] = {
    "version": 1,
    "timezone": "Asia/Shanghai",
    "tiers": {
        "high": {"respond_h": 1, "resolve_h": 24},
        "medium": {"respond_h": 2, "resolve_h": 48},
        "low": {"respond_h": 4, "resolve_h": 72},
    },
    "queues": {
        "triage": {"name": "分诊台", "service_hours": "Mon-Sun 08:00-22:00"},
        "after-sales": {
            "name": "售后组",
            "service_hours": "Mon-Fri 09:00-18:00",
            "counts": {"respond": "service_hours", "resolve": "elapsed"},
            "escalate_to": "lead",
            "escalate_before_min": 30,
        },
        "planning": {"name": "产品规划", "service_hours": "Mon-Fri 09:00-18:00", "escalate_to": "triage"},
        "north": {"name": "华北售后"},
    },
    "leads": {"lead": "售后主管"},
    "triage": "triage",
    "default": "triage",
    "rules": [
        {"id": "suggestion-product", "when": {"kind": "suggestion", "category": "product"}, "queue": "planning"},
        {"id": "north", "when": {"fields.region": ["华北", "东北"], "fields.vip": True}, "queue": "north"},
        {"id": "after-sales", "when": {"tag": ["product.battery", "产品故障-屏幕显示"]}, "queue": "after-sales"},
        {"id": "praise", "when": {"scope": "praise", "channel": ["app", "store"]}, "queue": "planning"},
        {
            "id": "urgent-outage",
            "when": {"tag": "service.outage", "tier": "high", "decision": "auto"},
            "queue": "north",
        },
    ],
    "cues": [{"id": "smoke", "tier": "high", "any": ["冒烟"], "not_after": ["没有"], "why": "人身安全"}],
}


def table(**changes: Any) -> RoutingTable:
    return RoutingTable.from_dict({**copy.deepcopy(RAW), **changes}, TAXONOMY, CALENDAR, "routing.yaml")


def refused(**changes: Any) -> str:
    with pytest.raises(RoutingError, match=r"routing\.yaml: ") as caught:
        table(**changes)
    return "\n".join(caught.value.problems)


def routed(found: RoutingTable | None = None, **facts: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"tag": "product.battery", "category": "product", "tier": "medium", "kind": "complaint"}
    defaults |= {"decision": "auto", "received_at": FRIDAY}
    return (found or table()).route(**{**defaults, **facts}).to_dict()


def test_a_route_is_exactly_what_the_contract_promises() -> None:
    assert routed() == {
        "queue": {"id": "after-sales", "name": "售后组"},
        "proposed": {"id": "after-sales", "name": "售后组"},
        "rule": "after-sales",
        "respond_by": "2026-11-23T10:50:00+08:00",
        "resolve_by": "2026-11-23T11:00:00+08:00",
        "escalate_at": "2026-11-23T10:20:00+08:00",
        "escalate_to": {"id": "lead", "name": "售后主管"},
        "calendar": "known",
    }


@pytest.mark.parametrize("decision", ["suggest", "human"])
def test_what_is_not_auto_goes_to_triage_with_the_desk_proposed_and_triage_deadlines(decision: str) -> None:
    route = routed(decision=decision)
    assert (route["queue"]["id"], route["proposed"]["id"], route["rule"]) == ("triage", "after-sales", "after-sales")
    assert route["respond_by"] == "2026-11-20T19:50:00+08:00"
    assert (route["escalate_at"], route["escalate_to"]) == (None, None)


def test_high_counts_around_the_clock_whatever_the_desk() -> None:
    route = routed(tier="high")
    assert (route["respond_by"], route["resolve_by"]) == ("2026-11-20T18:50:00+08:00", "2026-11-21T17:50:00+08:00")
    assert route["escalate_at"] == "2026-11-20T18:20:00+08:00"


def test_the_first_rule_that_holds_wins() -> None:
    assert routed(kind="suggestion")["rule"] == "suggestion-product"
    assert routed(kind="inquiry")["rule"] == "after-sales"


def test_all_conditions_of_a_rule_must_hold() -> None:
    assert routed(tag=None, category=None, scope="praise", channel="app")["rule"] == "praise"
    assert routed(tag=None, category=None, scope="praise", channel="phone")["rule"] is None
    assert routed(tag=None, category=None, scope=None, channel="app")["rule"] is None


def test_the_fields_of_the_sender_can_decide() -> None:
    assert routed(tag="process.invoice", fields={"region": "东北", "vip": True})["rule"] == "north"
    assert routed(tag="process.invoice", fields={"region": "东北", "vip": "true"})["rule"] == "north"
    assert routed(tag="process.invoice", fields={"region": "东北", "vip": False})["rule"] is None
    assert routed(tag="process.invoice", fields={"region": None, "vip": True})["rule"] is None


def test_a_tag_that_no_rule_names_goes_to_the_default_desk() -> None:
    route = routed(tag="process.invoice", category="process")
    assert (route["queue"]["id"], route["rule"]) == ("triage", None)


def test_a_message_without_tag_still_has_a_queue() -> None:
    assert routed(tag=None, category=None, kind=None, decision="human")["queue"] == {"id": "triage", "name": "分诊台"}


def test_tier_and_decision_are_conditions_too() -> None:
    assert routed(tag="service.outage", tier="high")["rule"] == "urgent-outage"
    assert routed(tag="service.outage", tier="medium")["rule"] is None
    assert routed(tag="service.outage", tier="high", decision="suggest")["rule"] is None


def test_a_rule_may_name_a_tag_by_its_name() -> None:
    assert routed(tag="product.display")["rule"] == "after-sales"


def test_a_queue_may_escalate_to_another_queue() -> None:
    assert routed(kind="suggestion")["escalate_to"] == {"id": "triage", "name": "分诊台"}


def test_times_are_written_in_the_zone_of_the_table_to_the_second() -> None:
    utc = datetime(2026, 11, 20, 9, 50, 0, 999_999, tzinfo=UTC)
    assert routed(received_at=utc) == routed()
    assert table().moment(utc) == "2026-11-20T17:50:00+08:00"
    assert routed(received_at=datetime(2026, 11, 20, 17, 50)) == routed()


@pytest.mark.parametrize(
    ("received", "calendar"),
    [
        (datetime(2026, 12, 28, 9, tzinfo=UTC), "known"),
        (datetime(2026, 12, 31, 9, tzinfo=UTC), "statutory"),
        (datetime(2027, 6, 1, 9, tzinfo=UTC), "statutory"),
        (datetime(2028, 6, 1, 9, tzinfo=UTC), "weekends_only"),
    ],
)
def test_a_route_says_how_sure_its_calendar_is(received: datetime, calendar: str) -> None:
    assert routed(received_at=received)["calendar"] == calendar


def test_the_table_survives_json() -> None:
    found = table()
    again = RoutingTable.from_dict(json.loads(json.dumps(found.to_raw())), TAXONOMY, CALENDAR)
    assert again == found
    assert again.digest == found.digest
    assert routed(again) == routed(found)


def test_the_digest_knows_a_change_but_not_a_layout() -> None:
    same = table(
        tiers={tier: RAW["tiers"][tier] for tier in ("low", "medium", "high")}, people={}, leads={"lead": "售后主管"}
    )
    assert same.digest == table().digest
    assert table(rules=RAW["rules"][::-1]).digest != table().digest


def test_default_may_be_left_out_and_is_then_the_triage_desk() -> None:
    raw = {key: value for key, value in RAW.items() if key != "default"}
    assert RoutingTable.from_dict(raw, TAXONOMY, CALENDAR).default == "triage"


def test_every_problem_of_a_table_is_told_at_once() -> None:
    told = refused(
        version=2,
        timezone="Asia/Shangai",
        tiers={**RAW["tiers"], "urgent": {}, "low": {"respond_h": -1, "resolve_h": 72}},
        queues={
            **RAW["queues"],
            "after-sales": {
                "name": "",
                "service_hours": "Mon-Fri 9-18",
                "escalate_to": "leed",
                "escalate_before_min": -5,
            },
            "lead": {"name": "组长", "counts": {"respond": "hours", "solve": "elapsed"}, "hours": "24x7"},
            "odd": "售后",
            "strange": {"name": "怪", "counts": "elapsed"},
        },
        triage="triag",
        default="nobody",
        rules=[
            {"id": "a", "when": {"tag": "product.batery"}, "queue": "after-sale"},
            {"id": "a", "when": {"categry": "product", "kind": "complain"}, "queue": "north", "then": 1},
            {"id": "b", "when": {}, "queue": "north"},
            {
                "id": "c",
                "when": {"category": "goods", "scope": "spam", "tier": "urgent", "decision": "maybe"},
                "queue": "north",
            },
            {"id": "d", "when": {"tag": [], "fields.": "x", "channel": {"is": "app"}}, "queue": "north"},
            "e",
        ],
        cues=[{"id": "x", "tier": "top", "any": ["冒烟"], "why": "安全"}],
        cue_context={"windo": 6},
        routes=[],
    )
    for sentence in (
        "the table: unknown key 'routes' (did you mean 'rules'?)",
        "`version` is 2; this Paidan reads 1",
        "`timezone` is 'Asia/Shangai', which is no zone",
        "unknown tier 'urgent'",
        "tier 'low': `respond_h` is -1",
        "queue 'after-sales': `name` is ''",
        "queue 'after-sales': `service_hours`: 'Mon-Fri 9-18' is not a range of hours",
        "queue 'after-sales': `escalate_before_min` is -5",
        "queue 'after-sales': `escalate_to` names 'leed' (did you mean 'lead'?)",
        "queue 'lead': `counts.respond` is 'hours'; service_hours or elapsed is allowed",
        "queue 'lead': `counts`: unknown key 'solve'",
        "queue 'lead': unknown key 'hours'",
        "queue 'odd': expected a mapping",
        "queue 'strange': `counts`: expected",
        "'lead' is both a queue and a person",
        "`triage` names 'triag' (did you mean 'triage'?)",
        "`default` names 'nobody'",
        "rule 'a': the id is taken",
        "rule 'a': tag 'product.batery' is not in the taxonomy. Did you mean 'product.battery'?",
        "rule 'a': unknown queue 'after-sale' (did you mean 'after-sales'?)",
        "rule 'a': unknown key 'categry' under `when` (did you mean 'category'?)",
        "rule 'a': unknown key 'then'",
        "rule 'a': unknown kind 'complain' (did you mean 'complaint'?)",
        "rule 'b': `when` needs at least one of",
        "rule 'c': category 'goods' is not in the taxonomy",
        "rule 'c': unknown scope 'spam'",
        "rule 'c': unknown tier 'urgent'",
        "rule 'c': unknown decision 'maybe'",
        "rule 'd': `tag`: expected a value or a list of values, found []",
        "rule 'd': unknown key 'fields.' under `when`",
        "rule 'd': `channel`: expected a value or a list of values",
        "rule 6: expected a mapping",
        "cue 'x': unknown tier 'top'",
        "`cue_context`: unknown key 'windo'",
    ):
        assert sentence in told


def test_sections_of_the_wrong_shape_are_problems_not_crashes() -> None:
    told = refused(tiers=[], queues=["triage"], leads="lead", rules={"a": 1}, cues="smoke", cue_context=[])
    for section in ("tiers", "queues", "leads", "rules", "cues", "cue_context"):
        assert f"`{section}`" in told


def test_a_table_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(RoutingError, match="expected a mapping with `tiers`"):
        RoutingTable.from_dict(["rules"], TAXONOMY, CALENDAR)


def test_a_queue_pasted_twice_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    text = yaml.safe_dump(RAW, allow_unicode=True, sort_keys=False)
    path.write_text(text.replace("  north:\n", "  triage:\n"), encoding="utf-8")
    with pytest.raises(RoutingError, match="'triage' is written twice; keep one of them"):
        RoutingTable.load(path, TAXONOMY, CALENDAR)


def test_a_lenient_reading_drops_unknown_tags_and_says_so() -> None:
    taxonomy = Taxonomy.infer(["product.battery", "天气"])
    found = RoutingTable.from_dict(RAW, taxonomy, CALENDAR, lenient=True)
    assert [rule.id for rule in found.rules] == ["north", "after-sales", "praise"]
    assert found.rules[1].when == (("tag", ("product.battery",)),)
    assert "rule 'after-sales': tag '产品故障-屏幕显示' is not in the taxonomy and was left out" in found.warnings
    assert "rule 'suggestion-product': category 'product' is not in the taxonomy and was left out" in found.warnings


def test_a_lenient_reading_never_widens_a_rule_that_lost_its_tags() -> None:
    found = RoutingTable.from_dict(RAW, Taxonomy.infer(["天气"]), CALENDAR, lenient=True)
    assert routed(found, tag="天气", category=None, tier="high")["rule"] is None


def test_a_strict_reading_refuses_what_a_lenient_one_drops() -> None:
    with pytest.raises(RoutingError, match=r"tag 'product\.battery' is not in the taxonomy"):
        RoutingTable.from_dict(RAW, Taxonomy.infer(["天气"]), CALENDAR)


def test_a_rule_behind_a_wider_one_is_warned_of() -> None:
    later = {"id": "phones", "when": {"tag": "product.battery", "channel": "phone"}, "queue": "north"}
    found = table(rules=[*RAW["rules"], later])
    assert found.warnings == ("rule 'phones' never fires: 'after-sales' above it takes all it could; move it up",)


def test_warnings_are_no_part_of_the_identity_of_a_table() -> None:
    later = {"id": "phones", "when": {"tag": "product.battery", "channel": "phone"}, "queue": "north"}
    found = table(rules=[*RAW["rules"], later])
    assert RoutingTable.from_dict(found.to_raw(), TAXONOMY, CALENDAR) == found


# ---- the table that ships ----

SHIPPED = RoutingTable.load(DATASETS / "routing.yaml", TAXONOMY, CALENDAR)


def test_the_shipped_table_has_no_warnings_and_a_rule_for_every_tag() -> None:
    assert SHIPPED.warnings == ()
    for tag in TAXONOMY.tags:
        assert tag.category is not None
        route = routed(SHIPPED, tag=tag.id, category=tag.category.id)
        assert route["rule"] is not None, tag.id
        assert route["queue"]["id"] != "triage", tag.id


def test_every_shipped_desk_is_used_and_has_somebody_to_escalate_to() -> None:
    assert {rule.queue for rule in SHIPPED.rules} | {SHIPPED.triage} == set(SHIPPED.queues)
    assert all(SHIPPED.party(queue.escalate_to) is not None for queue in SHIPPED.queues.values())
    assert {queue.escalate_to for queue in SHIPPED.queues.values()} >= set(SHIPPED.people)


@pytest.mark.parametrize(
    ("facts", "queue"),
    [
        ({"tag": "product.battery", "category": "product"}, "after-sales"),
        ({"tag": "product.battery", "category": "product", "kind": "suggestion"}, "product-planning"),
        ({"tag": "product.safety-hazard", "category": "product", "kind": "suggestion"}, "product-safety"),
        ({"tag": "process.account-theft", "category": "process", "tier": "high"}, "account-security"),
        ({"tag": "service.outage", "category": "service"}, "utilities"),
        ({"tag": "service.agent-attitude", "category": "service"}, "service-quality"),
        ({"tag": "service.agent-attitude", "category": "service", "tier": "high"}, "complaints"),
        ({"tag": "process.invoice", "category": "process", "tier": "high", "channel": "hotline"}, "complaints"),
        ({"tag": "service.general-inquiry", "category": "service", "kind": "inquiry"}, "inquiries"),
        ({"tag": None, "category": None, "scope": "praise"}, "service-quality"),
        ({"tag": None, "category": None, "scope": "noise"}, "triage"),
    ],
)
def test_the_shipped_table_sends_messages_where_they_belong(facts: dict[str, Any], queue: str) -> None:
    assert routed(SHIPPED, **facts)["queue"]["id"] == queue


def test_the_shipped_table_survives_json() -> None:
    assert RoutingTable.from_dict(json.loads(json.dumps(SHIPPED.to_raw())), TAXONOMY, CALENDAR) == SHIPPED


def test_the_shipped_table_serves_an_inferred_taxonomy_leniently() -> None:
    found = RoutingTable.load(DATASETS / "routing.yaml", Taxonomy.infer(["天气", "闹钟"]), CALENDAR, lenient=True)
    assert routed(found, tag="天气", category=None)["queue"]["id"] == "triage"
    assert found.warnings != ()


def test_a_lead_without_an_entry_is_known_by_the_id_and_warned_of() -> None:
    raw = {**RAW, "queues": {**RAW["queues"], "extra": {"name": "增补", "escalate_to": "zhang-san-duty"}}}
    table = RoutingTable.from_dict(raw, TAXONOMY, Workdays.none())
    assert table.party("zhang-san-duty") == Party("zhang-san-duty", "zhang-san-duty")
    assert any("zhang-san-duty" in warning for warning in table.warnings)
