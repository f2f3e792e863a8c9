"""The model file: back bit for bit, refused by name when changed, and never executed."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paidan.bundle import FILES, FORMAT, MANIFEST, Bundle, write_manifest
from paidan.errors import BundleError
from paidan.message import Message
from paidan.router import Router
from train.learn import Learned

TEXTS = (
    "手机充满电用两个小时就没了",
    "退款三天没到账，13800001111",
    "",
    "物业停水两天了",
    "🙃",
    "My order is late",
    "ＡＰＰ闪退",
)


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "bundle"))


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def test_a_bundle_comes_back_to_the_same_answers_bit_for_bit(
    tiny_learned: Learned, tiny_router: Router, starter_texts: tuple[str, ...], folder: Path
) -> None:
    before, after = replace(tiny_router, bundle=tiny_learned.bundle), replace(tiny_router, bundle=Bundle.load(folder))
    messages = [Message.from_text(text) for text in (*filter(None, TEXTS), *starter_texts[::150])]
    assert after.answer(messages, detail=True) == before.answer(messages, detail=True)


def test_a_loaded_bundle_is_saved_as_the_same_bytes(tiny_bundle: Bundle, tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_bundle.save(tmp_path / "again") == tiny_bundle.digest
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (tiny_folder / name).read_bytes(), name


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_refused_by_the_files_name(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} was changed after it was written"):
        Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_manifest_does_not_vouch_for_is_refused(folder: Path, name: str) -> None:
    rewrite(folder, lambda manifest: manifest["files"].pop(name))
    with pytest.raises(BundleError, match=f"does not vouch for {name}"):
        Bundle.load(folder)


def test_a_changed_manifest_is_another_bundle(folder: Path, tiny_bundle: Bundle) -> None:
    rewrite(folder, lambda manifest: manifest["identity"].update(version="99"))
    assert Bundle.load(folder).digest != tiny_bundle.digest


@pytest.mark.parametrize("found", [FORMAT + 1, 0, None, "1"])
def test_a_foreign_format_is_refused(folder: Path, found: object) -> None:
    rewrite(folder, lambda manifest: manifest.update(format=found))
    with pytest.raises(BundleError, match=f"reads bundles of format {FORMAT} and found another"):
        Bundle.load(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "manifest.json is not JSON"),
        (b"{", "manifest.json is not JSON"),
        ("清单".encode("gb18030"), "manifest.json is not JSON"),
        (b"[1]", "reads bundles of format"),
        (b'{"format": 1}', "names no files or no identity"),
        (b'{"format": 1, "files": [], "identity": {}}', "names no files or no identity"),
    ],
)
def test_a_manifest_that_is_none_is_refused(folder: Path, content: bytes, sentence: str) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(BundleError, match=sentence):
        Bundle.load(folder)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"is no bundle: it has no manifest\.json"):
        Bundle.load(tmp_path)
    with pytest.raises(BundleError, match=r"is no bundle: it has no manifest\.json"):
        Bundle.load(tmp_path / "nowhere")


def test_a_file_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(BundleError, match="is no bundle"):
        Bundle.load(tmp_path / "model.pkl")


def test_a_path_in_the_manifest_leads_nowhere(folder: Path) -> None:
    rewrite(folder, lambda manifest: manifest["files"].update({"../bundle/terms.txt": "0"}))
    with pytest.raises(BundleError, match=r"terms\.txt is missing"):
        Bundle.load(folder)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.write_text, (self.path, "executed")


@pytest.mark.parametrize("name", ["idf.npy", "weights.npy", "intercepts.npy"])
@pytest.mark.parametrize("wrapped", [True, False], ids=["an array of objects", "a bare pickle"])
def test_a_pickle_is_refused_and_never_executed(folder: Path, tmp_path: Path, name: str, wrapped: bool) -> None:
    sprung = tmp_path / "sprung"
    if wrapped:
        np.save(folder / name, np.array([Trap(sprung)], dtype=object), allow_pickle=True)
    else:
        (folder / name).write_bytes(pickle.dumps(Trap(sprung)))
    identity = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["identity"]
    write_manifest(folder, identity, FILES)
    with pytest.raises(BundleError, match=f"{name} is no array of numbers"):
        Bundle.load(folder)
    assert not sprung.exists()


def test_nothing_in_a_bundle_is_a_pickle(tiny_folder: Path) -> None:
    for path in tiny_folder.iterdir():
        assert path.suffix in (".json", ".txt", ".npy")
        if path.suffix == ".npy":
            assert not np.load(path, allow_pickle=False).dtype.hasobject


def test_weights_that_do_not_fit_are_refused(folder: Path) -> None:
    weights = np.load(folder / "weights.npy")
    np.save(folder / "weights.npy", weights[:-1], allow_pickle=False)
    write_manifest(folder, {}, FILES)
    with pytest.raises(BundleError, match="do not fit"):
        Bundle.load(folder)


def test_an_unknown_normaliser_is_refused(folder: Path) -> None:
    features = json.loads((folder / "features.json").read_text(encoding="utf-8"))
    (folder / "features.json").write_text(json.dumps({**features, "normaliser": 99}), encoding="utf-8")
    write_manifest(folder, {}, FILES)
    with pytest.raises(BundleError, match=r"normaliser 99 is unknown here; this Paidan knows \[1, 2\]"):
        Bundle.load(folder)


def test_a_bundle_tells_what_it_is_made_of(tiny_bundle: Bundle) -> None:
    assert {"name", "version", "data", "taxonomy", "normaliser", "libraries", "git", "metrics"} <= set(
        tiny_bundle.identity
    )
    assert tiny_bundle.identity["taxonomy"] == tiny_bundle.taxonomy.digest
    assert tiny_bundle.name == "paidan/local"


def test_the_lexicon_travels_in_the_bundle_and_stays_out_of_the_process(tiny_bundle: Bundle, tmp_path: Path) -> None:
    segmenter = replace(tiny_bundle.features.segmenter, lexicon=("被盗刷",))
    words = replace(tiny_bundle, features=replace(tiny_bundle.features, segmenter=segmenter))
    words.save(tmp_path / "words")
    loaded = Bundle.load(tmp_path / "words")
    assert loaded.features.segmenter.cut("卡被盗刷") == ["卡", "被盗刷"]
    assert tiny_bundle.features.segmenter.cut("卡被盗刷") == ["卡", "被盗", "刷"]


def test_a_bundle_calibrated_on_other_inputs_is_refused_by_name(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(tiny_folder, folder)
    heads = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
    heads[0]["slopes"] = heads[0]["slopes"][:-1]
    (folder / "heads.json").write_text(json.dumps(heads), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, manifest["identity"], list(manifest["files"]))
    with pytest.raises(BundleError, match="was calibrated on 5 inputs; this Paidan knows 6"):
        Bundle.load(folder)
