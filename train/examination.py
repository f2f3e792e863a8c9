"""A candidate before the gate: which records and answers it is judged by, and what the gate then says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paidan.bundle import Bundle
from paidan.router import Router
from train.behaviour import Case, Failure, run_cases
from train.gate import Rules, Verdict, judge_candidate
from train.gate_set import ENOUGH, FEW_CORRECTED, GateSet
from train.honest import paired_answers, read_honest
from train.judge import judge, known_labels
from train.shared_tags import SharedTags

REPLACE = "--replace-taxonomy"
INVARIANCE = "invariance"


@dataclass(frozen=True)
class Side:
    """A version before the gate.

    Attributes:
        gate: the records that it put aside; `honest` is where its out-of-fold answers are kept.
    """

    bundle: Bundle
    router: Router
    gate: GateSet
    honest: Path


@dataclass(frozen=True)
class Examination:
    """One candidate against the version that answers now.

    Args:
        champion: None before the first promotion.
        corrections: labels of the tags that readers gave so far, asked only when the taxonomy is replaced.
    """

    candidate: Side
    champion: Side | None
    cases: tuple[Case, ...]
    rules: Rules
    replace_taxonomy: bool = False
    corrections: Callable[[], Iterable[str | None]] = field(default=tuple, repr=False)

    def verdict(self) -> tuple[Verdict, GateSet]:
        """What the gate says, and the records that are frozen if the candidate is promoted."""
        broken, skipped = run_cases(self.candidate.router, self.cases)
        names = tuple(case.name for case in skipped)
        rules = self._named(self.rules)
        if self.champion is None:
            records = self.candidate.gate
            verdict = self._alone(records, rules, broken)
            return self._told(verdict, records, names), records
        shared = SharedTags.between(self.champion.bundle.taxonomy, self.candidate.bundle.taxonomy)
        if shared.replaced:
            return self._replaced(self.champion, shared, rules), self.candidate.gate
        records, refusals, notes = self._joined(self.champion)
        already, _ = run_cases(self.champion.router, self.cases)
        verdict = self._paired(self.champion, shared, records, rules, broken, already)
        refusals += [
            f"protected tag {tag} is not in the candidate's taxonomy; say {REPLACE} or bring it back"
            for tag in rules.protected_tags
            if tag in shared.lost and not self.replace_taxonomy
        ]
        if shared.lost or shared.added:
            notes.append(f"tags added: {_listed(shared.added)}; lost: {_listed(shared.lost)}")
        if self.replace_taxonomy:
            notes.append(f"{REPLACE} was not needed: {len(shared.both)} tags are shared")
        return self._told(verdict.joined(refusals, notes, taxonomy=shared.to_dict()), records, names), records

    def _alone(self, records: GateSet, rules: Rules, broken: Sequence[Failure]) -> Verdict:
        judged = judge(self.candidate.router, records.chosen.records)
        verdict = judge_candidate(judged, None, broken, (), rules)
        few = verdict.figures["tagged"] < ENOUGH
        notes = [f"only {verdict.figures['tagged']} gate records with a tag; there is no champion to compare with"]
        return verdict.joined(notes=notes if few else ())

    def _replaced(self, champion: Side, shared: SharedTags, rules: Rules) -> Verdict:
        """Another taxonomy: its tags cannot be compared, what is said of urgency can.

        Behaviour cases about tags were written for the old one: they are skipped by name.
        """
        asked = [case for case in self.cases if not case.tags and case.kind != INVARIANCE]
        skipped = tuple(case.name for case in self.cases if case not in asked)
        broken, _ = run_cases(self.candidate.router, asked)
        already, _ = run_cases(champion.router, asked)
        chosen = self.candidate.gate.chosen.records
        judged = shared.translated(judge(self.candidate.router, chosen))
        rival = shared.translated(judge(champion.router, chosen))
        verdict = judge_candidate(judged, rival, broken, already, rules)
        mapped = [label for label in self.corrections() if label is not None]
        kept = sum(self.candidate.bundle.taxonomy.find(label) is not None for label in mapped)
        told = {"mapped": kept, "set_aside": len(mapped) - kept}
        notes = [
            f"taxonomy replaced: {len(shared.lost)} tags go, {len(shared.added)} come, {len(shared.both)} stay",
            f"corrections so far: {kept} carry a tag of the new taxonomy, {len(mapped) - kept} are set aside",
        ]
        refusals = []
        if not self.replace_taxonomy:
            refusals.append(
                f"another taxonomy: {len(shared.both)} of the champion's {len(shared.both) + len(shared.lost)} tags are in it, "
                f"{len(shared.added)} are new. If that is meant, say {REPLACE} (once; it is recorded)"
            )
        verdict = verdict.joined(refusals, notes, taxonomy=shared.to_dict(), corrections=told)
        return self._told(verdict, self.candidate.gate, skipped)

    def _joined(self, champion: Side) -> tuple[GateSet, list[str], list[str]]:
        """The frozen records and the candidate's own, without what one of the two learned from."""
        records, both, other = champion.gate.joined(self.candidate.gate)
        refusals, notes = [], []
        if other > FEW_CORRECTED * both:
            refusals.append(
                f"{other} of {both} gate records carry another tag in this training than in the frozen set, whose labels stand. "
                "Is the label column right?"
            )
        elif other:
            notes.append(f"{other} of {both} gate records carry a corrected tag, which counts from now on")
        learned = {one.mark for side in (self.candidate, champion) for one in read_honest(side.honest)}
        clean = records.without(learned)
        if len(clean.records) < len(records.records):
            gone = len(records.records) - len(clean.records)
            notes.append(f"{gone} gate records were learned from by one of the two (their group changed): left out")
        return clean, refusals, notes

    def _paired(
        self,
        champion: Side,
        shared: SharedTags,
        records: GateSet,
        rules: Rules,
        broken: Sequence[Failure],
        already: Sequence[Failure],
    ) -> Verdict:
        chosen = records.chosen
        taxonomy = self.candidate.bundle.taxonomy
        named = [known_labels(record, taxonomy) for record in chosen.records]
        now = shared.translated(judge(self.candidate.router, named))
        before = shared.translated(judge(champion.router, named))
        if chosen.tagged >= ENOUGH:
            return judge_candidate(now, before, broken, already, rules).joined(judged_on="gate records")
        honest_now, honest_before = paired_answers(read_honest(self.candidate.honest), read_honest(champion.honest))
        if len(honest_now) <= chosen.tagged:
            note = f"only {chosen.tagged} gate records with a tag and no out-of-fold answers to pair: a small fall cannot be told from chance"
            verdict = judge_candidate(now, before, broken, already, rules)
            nothing = (
                () if chosen.tagged else ("neither gate records nor out-of-fold answers show that it is no worse",)
            )
            return verdict.joined(nothing, [note], judged_on="gate records")
        note = (
            f"only {chosen.tagged} gate records with a tag (from {ENOUGH} on they decide): judged on {len(honest_now):,} paired "
            "out-of-fold answers, urgency before cues"
        )
        verdict = judge_candidate(
            shared.translated(honest_now), shared.translated(honest_before), broken, already, rules
        )
        return verdict.joined(notes=[note], judged_on="out-of-fold answers", gate_records=chosen.tagged)

    def _named(self, rules: Rules) -> Rules:
        """Protected tags by the ids they have today."""
        taxonomy = self.candidate.bundle.taxonomy
        found = {tag: taxonomy.find(tag) for tag in rules.protected_tags}
        return rules.model_copy(
            update={"protected_tags": tuple(dict.fromkeys(now.id if now else tag for tag, now in found.items()))}
        )

    def _told(self, verdict: Verdict, records: GateSet, skipped: tuple[str, ...]) -> Verdict:
        notes = []
        if skipped:
            notes.append(
                f"{len(skipped)} behaviour cases are about tags that this taxonomy lacks, skipped: {_listed(skipped)}"
            )
        frozen = {"records": len(records.records), "tagged": records.tagged, "sha256": records.digest}
        more: Mapping[str, Any] = {"skipped_behaviours": list(skipped), "gate_set": frozen}
        return verdict.joined(notes=notes, replace_taxonomy=self.replace_taxonomy, **more)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return (", ".join(names[:10]) + (f" … and {len(names) - 10} more" if len(names) > 10 else "")) or "none"
