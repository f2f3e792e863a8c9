from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.cue_context import CueContext
from paidan.cues import CueRule, CueRules
from paidan.normalise import normalise
from paidan.routing import RoutingTable
from paidan.taxonomy import Taxonomy
from paidan.workdays import Workdays

DATASETS = Path(__file__).parents[2] / "datasets"
TABLE = RoutingTable.load(
    DATASETS / "routing.yaml", Taxonomy.load(DATASETS / "taxonomy.yaml"), Workdays.load(DATASETS / "holidays.yaml")
)

FIRES = [
    # danger
    ("smoke", "插座冒烟了，赶紧来人"),
    ("smoke", "没用几次就冒烟"),
    ("smoke", "電飯煲底下冒黑煙"),
    ("fire", "充电器半夜着火，窗帘烧了一半"),
    ("fire", "没有冒烟，但是起火了"),
    ("fire", "太可怕了手机起火了"),
    ("fire", "着火了怎么没人接电话"),
    ("explosion", "高压锅在厨房爆炸了"),
    ("burst", "烤箱玻璃突然炸裂，碎片飞到客厅"),
    ("electrical-burning", "插头烧焦了一股怪味"),
    ("electric-shock", "洗澡时花洒带电，我被电到两次"),
    ("leakage", "洗衣机漏电，一碰外壳就弹手"),
    ("gas-leak", "厨房燃气管道漏气，味道很大"),
    ("gas-leak", "楼道里全是煤气味"),
    ("gas-leak-home", "灶台接口那里漏气，打抢修电话没人接"),
    ("battery-swelling", "手机电池鼓包把后盖顶开了"),
    ("brakes", "下坡的时候刹车失灵"),
    ("elevator", "三单元电梯困人了，里面有老太太"),
    ("injury", "水壶把手断了，烫伤了右脚"),
    ("cut", "桌角太锋利，孩子的手划破流血"),
    ("teeth", "米饭里有石子，把牙崩掉半颗"),
    ("food-poisoning", "吃完你家凉皮，一家三口上吐下泻"),
    ("ill-after-eating", "昨晚吃的烤串，今天一直拉肚子"),
    ("hospital", "孩子吃完蛋糕浑身发抖，已经送急诊"),
    ("allergy", "用了两天脸上红肿发烫"),
    ("swallowed", "玩具上的纽扣掉下来被孩子吞了"),
    ("medical-device", "家里呼吸机断电了，病人离不开"),
    ("medicine-needed", "胰岛素还没送到，家里一支都没有"),
    ("fever", "孩子高烧，药还没送来"),
    # theft
    ("card-theft", "信用卡半夜被盗刷八千"),
    ("account-stolen", "游戏账号被盗，装备全空"),
    ("account-stolen", "登录密码被人改了，进不去"),
    ("identity-theft", "有人用我的身份证办了网贷"),
    ("strange-charge", "卡里扣款三千，不是本人消费"),
    ("money-leaving", "钱还在扣，已经扣了四笔"),
    # outage
    ("outage", "整个单元停水两天了"),
    ("outage", "我们家断网三天没人修"),
    ("outage-stake", "停电以后老人的吸氧机用不了"),
    ("business-stopped", "网络坏了，店里没法营业"),
    ("till-down", "收银机死机，客人排队排到马路上"),
    ("perishables", "冷库坏了，两吨虾全化了"),
    # regulator, media, court, groups
    ("regulator", "再不退款我就打12315"),
    ("regulator", "明天去市监局举报你们"),
    ("regulator", "如果周五前没结果，我会向工信部投诉"),
    ("regulator-done", "已经投诉到消协，他们让我等"),
    ("regulator-done", "打过12345三次，没人解决"),
    ("media", "不处理我就找电视台曝光"),
    ("media", "下一步联系记者"),
    ("lawsuit", "准备起诉你们公司"),
    ("lawsuit", "我已经请了律师，等着收律师函"),
    ("lawsuit", "只能走法律途径了"),
    ("group-households", "我们小区几十户都被多收了钱"),
    ("group-action", "家长准备集体维权"),
    ("group-action", "业主已经联名投诉"),
    # deadlines
    ("deadline-event", "今晚的航班，改签页面打不开"),
    ("deadline-event", "明早手术要用的器械发错了"),
    ("deadline-event", "明天婚礼，婚纱还没送到"),
    ("deadline-event", "一个小时后考试，系统登不上"),
    ("deadline-cutoff", "报名今天截止，付款一直失败"),
    # life
    ("suicide", "再这样逼我，我就跳楼"),
    ("suicide", "真的不想活了"),
    ("threat-to-life", "催收的人扬言要弄死我全家"),
    ("harassed-at-home", "骑手找到我家砸门恐吓，我已经报警"),
]

SILENT = [
    # negation
    "没有冒烟",
    "没冒烟，就是不转了",
    "没有发现任何冒烟、起火的情况",
    "师傅说不会爆炸",
    "检查过了未见起火",
    "无异味，无漏电",
    "幸好没人受伤",
    "没被盗刷，只是问问",
    "我没有打12315，也不想打",
    "不是燃气泄漏，是下水道的味",
    # supposed, feared, asked, warned of
    "客服说会不会爆炸",
    "客服说会爆炸，骗人的吧",
    "怕以后起火",
    "万一漏电怎么办",
    "如果着火谁负责",
    "这种电池会爆炸吗",
    "担心哪天触电",
    "说明书写着小心烫伤",
    "有没有被盗刷的记录，帮我查一下",
    "以为账号被盗，原来是忘了密码",
    # past and over, near misses
    "上次漏气已经修好了，这次问发票",
    "差点触电，还好拔得快",
    "差一点着火",
    "游戏号被盗过一次，自己找回来了",
    # other words that look alike
    "气得我嗓子冒烟",
    "店员跟我发起火来",
    "我们一起火锅店见",
    "这家辣到爆炸",
    "爆炸头造型不错",
    "跳楼价买的，不值",
    "来电人反映快递太慢",
    "电池漏电快，一晚上掉一半",
    "漏电保护器老是跳",
    "钢化膜炸裂了，换一张",
    "相机曝光过度",
    "多媒体教室的投影坏了",
    "手机屏幕划伤",
    "过敏体质可以用吗",
    "120元的套餐怎么退",
    # the channel is no threat, nor is somebody else's
    "市民拨打12345热线反映路灯不亮",
    "我通过12345热线反映小区噪音",
    "客服让我去打12315",
    "收到催收短信说要起诉",
    "你们威胁要起诉我",
    "钢琴预约调律师傅没来",
    # not within a day, not a group, not an outage
    "三天后的航班想改签",
    "建议计划停水提前三天通知",
    "手机没电了充不进去",
    "住在3栋1201户",
    "前五十户有礼品，我没领到",
    "停水通知什么时候发",
    # a child merely mentioned
    "给孩子买的书包拉链坏了",
    "家里有老人，快递能不能送上楼",
    "",
]


@pytest.mark.parametrize(("cue", "text"), FIRES)
def test_a_stated_harm_or_threat_raises_the_tier(cue: str, text: str) -> None:
    fired = TABLE.cues.fire(normalise(text).text)
    assert cue in [firing.id for firing in fired]
    assert all(firing.tier == "high" for firing in fired)


@pytest.mark.parametrize("text", SILENT)
def test_what_did_not_happen_raises_nothing(text: str) -> None:
    assert TABLE.cues.fire(normalise(text).text) == []


def test_every_shipped_cue_says_why_and_only_raises() -> None:
    assert len(TABLE.cues.rules) >= 30
    assert all(rule.why and rule.tier == "high" for rule in TABLE.cues.rules)


def test_the_shipped_context_is_the_one_that_tables_without_it_get() -> None:
    assert TABLE.cues.context == CueContext()


def test_a_firing_points_at_its_words_in_the_normalised_text() -> None:
    text = normalise("昨天插座冒烟了，我就打１２３１５").text
    for firing in TABLE.cues.fire(text):
        assert text[firing.start : firing.end] == firing.text


def test_firings_come_in_the_order_of_the_text_and_each_rule_once() -> None:
    text = normalise("冒烟了！冒烟了！后来又起火，再不来我就打12315").text
    assert [firing.id for firing in TABLE.cues.fire(text)] == ["smoke", "fire", "regulator"]


@given(st.text(max_size=60))
def test_any_text_can_be_asked(text: str) -> None:
    for firing in TABLE.cues.fire(text):
        assert text[firing.start : firing.end] == firing.text


def test_ten_thousand_characters_of_triggers_take_no_second() -> None:
    assert TABLE.cues.fire("收银客人" * 2500) == []


def contract_rules(**more: object) -> CueRules:
    raw = {
        "id": "smoke",
        "tier": "high",
        "any": ["冒烟", "起火"],
        "not_after": ["没有", "没", "不会"],
        "why": "人身安全",
    }
    problems: list[str] = []
    rules = CueRules.read([{**raw, **more}], CueContext(), problems)
    assert problems == []
    return rules


def test_the_example_of_the_contract_reads_and_fires() -> None:
    rules = contract_rules()
    assert [firing.text for firing in rules.fire("一开机就冒烟")] == ["冒烟"]
    assert rules.fire("没有冒烟") == rules.fire("没冒烟") == rules.fire("不会冒烟") == []
    assert rules.fire("没用几次就冒烟") != []


def test_a_negation_reaches_over_small_words_and_lists_but_not_over_a_comma() -> None:
    rules = contract_rules()
    assert rules.fire("没有发现冒烟、起火") == []
    assert [firing.text for firing in rules.fire("没有反应,冒烟")] == ["冒烟"]


def test_a_long_word_before_the_cue_counts_anywhere_in_the_window() -> None:
    rules = contract_rules(not_after=["演习"])
    assert rules.fire("演习放的烟罐冒烟") == []
    assert rules.fire("演习,冒烟") != []
    assert rules.fire("演习结束三个小时以后冒烟") != []


def test_a_word_right_behind_the_cue_can_undo_it() -> None:
    rules = contract_rules(not_before=["的咖啡"])
    assert rules.fire("端来冒烟的咖啡") == []
    assert rules.fire("冒烟,的咖啡") != []


def test_a_second_place_counts_when_the_first_is_undone() -> None:
    assert [firing.start for firing in contract_rules().fire("昨天没冒烟,今天冒烟了")] == [8]


def test_further_conditions_must_hold_somewhere_in_the_text() -> None:
    rules = contract_rules(all=[["电", "插座"], "厨房"])
    assert rules.fire("厨房插座冒烟") != []
    assert rules.fire("插座冒烟") == []


def test_a_rule_may_leave_out_contexts() -> None:
    threat = {"id": "court", "tier": "medium", "any": "起诉", "why": "法律", "context": ["negations"]}
    rules = CueRules.read([threat], CueContext(), [])
    assert [firing.tier for firing in rules.fire("如果不退就起诉")] == ["medium"]
    assert rules.fire("不会起诉") == []


def test_a_pattern_stands_on_its_words_or_alone() -> None:
    with_words = {"id": "law", "tier": "high", "any": ["律师", "法官"], "pattern": "(?:找|请){any}", "why": "法律"}
    alone = {"id": "code", "tier": "high", "pattern": r"E\d{3}故障", "why": "停机"}
    rules = CueRules.read([with_words, alone], CueContext(), [])
    assert [firing.text for firing in rules.fire("请法官看E401故障")] == ["请法官", "E401故障"]
    assert rules.fire("律师楼下见") == []


def test_words_are_folded_as_texts_are() -> None:
    assert contract_rules(any=["１２３１５", "漏電", 96315]).rules[0].any == ("12315", "漏电", "96315")


def test_cues_survive_json() -> None:
    raw = json.loads(json.dumps(TABLE.cues.to_raw()))
    assert CueRules.read(raw, TABLE.cues.context, []) == TABLE.cues


def test_all_problems_of_the_cues_are_told_at_once() -> None:
    problems: list[str] = []
    raw = [
        {"id": "a", "tier": "low", "any": ["x"], "why": "w"},
        {"id": "a", "tier": "high", "any": ["x"], "why": "w", "not_befor": ["y"]},
        {"id": "b", "tier": "high", "pattern": "(", "why": "w"},
        {"id": "c", "tier": "high", "why": ""},
        {"id": "e", "tier": "high", "pattern": "(?:火)*", "why": "w"},
        {"id": "d", "tier": "high", "any": [True], "why": "w", "context": ["negation"], "all": "x", "pattern": 3},
        "smoke",
    ]
    CueRules.read(raw, CueContext(), problems)
    told = "\n".join(problems)
    for sentence in (
        "cue 'a': unknown tier 'low'; cues only raise, so high or medium is allowed",
        "cue 'a': unknown key 'not_befor'",
        "cue 'a': the id is taken",
        "cue 'b': `pattern` '(' is no regular expression",
        "cue 'c': `why` is missing",
        "cue 'c': names no words",
        "cue 'd': `any`: expected words, found [True]; put them in quotes",
        "cue 'd': unknown context 'negation'",
        "cue 'd': `all`: expected a list",
        "cue 'd': `pattern`: expected a text, found 3",
        "cue 'e': `pattern` '(?:火)*' is satisfied by nothing at all",
        "cue 7: expected a mapping with `id`",
    ):
        assert sentence in told


def test_cues_that_are_no_list_are_a_problem() -> None:
    problems: list[str] = []
    CueRules.read({"smoke": {}}, CueContext(), problems)
    assert problems == ["`cues`: expected a list of rules, found {'smoke': {}}"]


def test_a_context_may_be_given_in_part_and_is_checked() -> None:
    problems: list[str] = []
    context = CueContext.read(
        {"window": 3, "negations": ["冇"], "over": ["("], "questions": "吗", "near_misses": [""], "sarcasm": []},
        problems,
    )
    assert (context.window, context.negations) == (3, ("冇",))
    told = "\n".join(problems)
    assert "`cue_context.over`: '(' is no regular expression" in told
    assert "`cue_context.questions`: expected a list of words" in told
    assert "`cue_context.near_misses`: is empty" in told
    assert "`cue_context`: unknown key 'sarcasm'" in told
    CueContext.read(["没有"], problems)
    assert "`cue_context`: expected a mapping" in problems[-1]


def test_an_empty_context_undoes_nothing() -> None:
    bare = CueContext.read(
        {key: [] for key in ("negations", "fillers", "hypotheticals", "near_misses", "questions", "over")}, []
    )
    rules = CueRules((CueRule("smoke", "high", "安全", any=("冒烟",)),), bare)
    assert rules.fire("没有冒烟吗") != []


def test_rules_without_words_fire_never() -> None:
    assert CueRules().fire("冒烟") == []
