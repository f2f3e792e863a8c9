"""The model file: a folder of arrays and JSON with a manifest of digests. Loading executes nothing.

A changed byte, a missing file or a foreign format is refused by name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paidan.calibration import INPUTS, Calibration
from paidan.errors import BundleError
from paidan.features import VIEWS, Block, Features
from paidan.heads import Head, Scorer
from paidan.normalise import VERSIONS
from paidan.policy import PolicyTable
from paidan.segment import Segmenter
from paidan.taxonomy import Taxonomy

FORMAT = 1
MANIFEST = "manifest.json"
STEP = 1 << 16
FILES = (
    *("taxonomy.json", "features.json", "heads.json", "policy.json", "terms.txt"),
    *("idf.npy", "weights.npy", "intercepts.npy"),
)


@dataclass(frozen=True)
class Bundle:
    """Everything that answers, and what it is made of.

    Attributes:
        identity: name, version, data fingerprint, git commit, library versions, metrics, …
        digest: SHA-256 of the manifest; empty for a bundle that was never saved.
    """

    taxonomy: Taxonomy
    features: Features
    scorer: Scorer
    heads: tuple[Head, ...]
    table: PolicyTable
    normaliser: int
    identity: Mapping[str, Any]
    digest: str = ""

    def head(self, name: str) -> Head | None:
        return next((head for head in self.heads if head.name == name), None)

    @property
    def name(self) -> str:
        """What answers call the model: `paidan/7`."""
        return f"{self.identity.get('name', 'paidan')}/{self.identity.get('version', 'local')}"

    def save(self, folder: Path) -> str:
        """Write into a new folder, file by file, the manifest last. Returns the digest."""
        folder.mkdir(parents=True, exist_ok=True)
        blocks = [
            {"view": b.view, "shortest": b.shortest, "longest": b.longest, "scale": b.scale, "terms": len(b.terms)}
            for b in self.features.blocks
        ]
        heads = [
            {"name": h.name, "labels": list(h.labels), "slopes": list(h.calibration.slopes), "prior": h.prior.tolist()}
            for h in self.heads
        ]
        texts = {
            "taxonomy.json": _dump(self.taxonomy.to_dict()),
            "features.json": _dump(
                {"normaliser": self.normaliser, "lexicon": list(self.features.segmenter.lexicon), "blocks": blocks}
            ),
            "heads.json": _dump(heads),
            "policy.json": _dump(self.table.to_dict()),
            "terms.txt": "\n".join(term for block in self.features.blocks for term in block.terms),
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        arrays = {
            "idf.npy": np.concatenate([block.idf for block in self.features.blocks]),
            "weights.npy": np.ascontiguousarray(self.scorer.weights, dtype=np.float32),
            "intercepts.npy": self.scorer.intercepts,
        }
        for name, array in arrays.items():
            np.save(folder / name, array, allow_pickle=False)
        return write_manifest(folder, self.identity, [*texts, *arrays])

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Check every digest, then map the arrays into memory.

        Raises:
            BundleError: names the file that is missing, changed or foreign.
        """
        manifest, digest = read_manifest(folder)
        features_raw, heads_raw = _json(folder, "features.json"), _json(folder, "heads.json")
        if features_raw["normaliser"] not in VERSIONS:
            raise BundleError(
                f"{folder}: normaliser {features_raw['normaliser']} is unknown here; this Paidan knows {sorted(VERSIONS)}"
            )
        terms = _lines((folder / "terms.txt").read_text(encoding="utf-8"))
        idf, weights, intercepts = (_array(folder, name) for name in ("idf.npy", "weights.npy", "intercepts.npy"))
        segmenter = Segmenter(tuple(features_raw["lexicon"]))
        features = Features(_blocks(features_raw["blocks"], terms, idf), segmenter)
        heads = _heads(heads_raw)
        if weights.shape != (features.width, sum(len(head.labels) for head in heads)) or len(terms) != features.width:
            raise BundleError(
                f"{folder}: weights of shape {weights.shape} do not fit {features.width} features and the heads' labels"
            )
        return cls(
            Taxonomy.from_dict(_json(folder, "taxonomy.json"), "taxonomy.json"),
            features,
            Scorer(weights, np.asarray(intercepts)),
            heads,
            PolicyTable.from_dict(_json(folder, "policy.json")),
            features_raw["normaliser"],
            manifest["identity"],
            digest,
        )


def write_manifest(folder: Path, identity: Mapping[str, Any], names: Sequence[str]) -> str:
    """Digest the named files; written last, so that a torn folder is never taken for a bundle."""
    files = {name: _sha256(folder / name) for name in sorted(names)}
    text = _dump({"format": FORMAT, "files": files, "identity": dict(identity)})
    temporary = folder / (MANIFEST + ".part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(folder / MANIFEST)
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and its digest, after every file was found as it was written."""
    try:
        text = (folder / MANIFEST).read_bytes()
        manifest = json.loads(text)
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is no bundle: it has no {MANIFEST}. `paidan train --bundle DIR` writes one"
        ) from None
    except (NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        raise BundleError(f"{folder} is no bundle: {MANIFEST} is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(
            f"{folder}: this Paidan reads bundles of format {FORMAT} and found another. Retrain, or use the Paidan that wrote it"
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or not isinstance(manifest.get("identity"), dict):
        raise BundleError(f"{folder}: {MANIFEST} names no files or no identity. Export the version again")
    for name in FILES:
        if name not in files:
            raise BundleError(f"{folder}: {MANIFEST} does not vouch for {name}. Export the version again")
    for name, digest in files.items():
        if os.sep in name or not (folder / name).is_file():
            raise BundleError(f"{folder}: {name} is missing. Export the version again")
        if _sha256(folder / name) != digest:
            raise BundleError(
                f"{folder}: {name} was changed after it was written (SHA-256 differs). Export the version again"
            )
    return manifest, hashlib.sha256(text).hexdigest()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def _lines(text: str) -> list[str]:
    """Split in steps, between which other threads get their turn: a server loads the next model while it answers."""
    lines: list[str] = []
    start = 0
    while (end := text.find("\n", start + STEP)) >= 0:
        lines += text[start:end].split("\n")
        start = end + 1
    return lines + text[start:].split("\n")


def _array(folder: Path, name: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(folder / name, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise BundleError(f"{folder}: {name} is no array of numbers ({error}). Nothing in it was executed") from None
    return array


def _blocks(raw: Sequence[Mapping[str, Any]], terms: Sequence[str], idf: NDArray[np.float64]) -> tuple[Block, ...]:
    blocks, offset = [], 0
    for entry in raw:
        if entry["view"] not in VIEWS:
            raise BundleError(f"features.json names view '{entry['view']}'; known are {', '.join(VIEWS)}")
        end = offset + entry["terms"]
        blocks.append(
            Block(
                entry["view"],
                entry["shortest"],
                entry["longest"],
                terms[offset:end],
                np.asarray(idf[offset:end]),
                entry["scale"],
                offset,
            )
        )
        offset = end
    return tuple(blocks)


def _heads(raw: Sequence[Mapping[str, Any]]) -> tuple[Head, ...]:
    heads, start = [], 0
    for entry in raw:
        labels = tuple(entry["labels"])
        if len(entry["slopes"]) != len(INPUTS):
            raise BundleError(
                f"heads.json: head '{entry['name']}' was calibrated on {len(entry['slopes'])} inputs; "
                f"this Paidan knows {len(INPUTS)} ({', '.join(INPUTS)}). Retrain, or use the Paidan that wrote it"
            )
        heads.append(Head(entry["name"], labels, start, Calibration(tuple(entry["slopes"])), np.array(entry["prior"])))
        start += len(labels)
    return tuple(heads)
