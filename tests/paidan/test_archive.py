"""A bundle carried as one file: the same on both sides, and nothing in it is trusted."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from paidan.archive import export_archive, install_archive
from paidan.bundle import Bundle, read_manifest, write_manifest
from paidan.champion import read_champion, read_history
from paidan.commands.bundle import bundle as command
from paidan.errors import BundleError, RegistryError
from paidan.main import Context
from paidan.workspace import Workspace


@pytest.fixture(scope="module")
def versioned(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as version 7."""
    folder = tmp_path_factory.mktemp("models") / "7"
    shutil.copytree(tiny_folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, {**manifest["identity"], "version": "7"}, list(manifest["files"]))
    return folder


def repacked(
    source: Path, target: Path, change: Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]
) -> Path:
    """An archive whose entries went through `change`."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for entry in old:
            file = old.extractfile(entry)
            for one, content in change(entry, file.read() if file else b""):
                one.size = len(content)
                new.addfile(one, io.BytesIO(content))
    return target


def test_an_archive_installs_to_the_same_bytes(versioned: Path, tmp_path: Path) -> None:
    digest = export_archive(versioned, tmp_path / "7.tar.gz")
    assert export_archive(versioned, tmp_path / "again.tar.gz") == digest
    assert (tmp_path / "7.tar.gz").read_bytes() == (tmp_path / "again.tar.gz").read_bytes()
    assert install_archive(tmp_path / "7.tar.gz", tmp_path / "models") == ("7", digest)
    assert install_archive(tmp_path / "7.tar.gz", tmp_path / "models") == ("7", digest)
    assert Bundle.load(tmp_path / "models" / "7").name == "paidan/7"
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["7"]


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside", "a/b/c.npy", "top/..", "a\\b/c/../d"])
def test_no_path_leads_out(versioned: Path, tmp_path: Path, name: str) -> None:
    export_archive(versioned, tmp_path / "7.tar.gz")
    evil = repacked(
        tmp_path / "7.tar.gz", tmp_path / "evil.tar.gz", lambda e, c: [(e, c), (tarfile.TarInfo(name), b"boo")]
    )
    with pytest.raises(BundleError, match=r"which is no file of a bundle\. Nothing was installed"):
        install_archive(evil, tmp_path / "models")
    assert not list((tmp_path / "models").iterdir())


def test_links_are_refused(versioned: Path, tmp_path: Path) -> None:
    export_archive(versioned, tmp_path / "7.tar.gz")

    def linked(entry: tarfile.TarInfo, content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
        if not entry.name.endswith("terms.txt"):
            return [(entry, content)]
        link = tarfile.TarInfo(entry.name)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        return [(link, b"")]

    with pytest.raises(BundleError, match="which is no file of a bundle"):
        install_archive(repacked(tmp_path / "7.tar.gz", tmp_path / "evil.tar.gz", linked), tmp_path / "models")


def test_a_changed_byte_and_a_stowaway_are_refused(versioned: Path, tmp_path: Path) -> None:
    export_archive(versioned, tmp_path / "7.tar.gz")
    flip = repacked(
        tmp_path / "7.tar.gz",
        tmp_path / "flip.tar.gz",
        lambda e, c: [(e, c.replace(b"product", b"prodact", 1) if e.name.endswith("heads.json") else c)],
    )
    with pytest.raises(BundleError, match=r"heads\.json was changed after it was written"):
        install_archive(flip, tmp_path / "models")
    more = repacked(
        tmp_path / "7.tar.gz",
        tmp_path / "more.tar.gz",
        lambda e, c: [(e, c)] + [(tarfile.TarInfo("paidan-7/run.py"), b"")] * e.name.endswith("manifest.json"),
    )
    with pytest.raises(BundleError, match=r"the manifest does not vouch for run\.py"):
        install_archive(more, tmp_path / "models")


def test_a_version_is_no_path(versioned: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evil"
    shutil.copytree(versioned, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, {**manifest["identity"], "version": "../../x"}, list(manifest["files"]))
    export_archive(folder, tmp_path / "evil.tar.gz")
    with pytest.raises(BundleError, match="is no"):
        install_archive(tmp_path / "evil.tar.gz", tmp_path / "models")


def test_another_bundle_of_the_same_version_is_not_overwritten(
    versioned: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    export_archive(versioned, tmp_path / "7.tar.gz")
    shutil.copytree(tiny_folder, tmp_path / "models" / "7")
    with pytest.raises(BundleError, match="holds another bundle of version 7"):
        install_archive(tmp_path / "7.tar.gz", tmp_path / "models")


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_what_is_no_archive_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(BundleError, match="is no readable archive"):
        install_archive(tmp_path / "x.tar.gz", tmp_path / "models")
    with pytest.raises(BundleError, match=r"gone\.tar\.gz not found"):
        install_archive(tmp_path / "gone.tar.gz", tmp_path / "models")


def test_the_commands_carry_a_version_from_one_workspace_to_another(
    versioned: Path, workspace_copy: Workspace, tmp_path: Path
) -> None:
    run, file = CliRunner(), tmp_path / "7.tar.gz"
    there, here = Context(versioned.parent.parent), Context(workspace_copy.home)
    shown = run.invoke(command, ["export", str(file), "--model", str(versioned)], obj=there, catch_exceptions=False)
    assert "7.tar.gz" in shown.output
    shown = run.invoke(command, ["install", str(file)], obj=here, catch_exceptions=False)
    assert "Next: paidan promote 7" in shown.output
    assert read_champion(workspace_copy.models) is None
    with pytest.raises(RegistryError, match="needs a reason"):
        run.invoke(command, ["install", str(file), "--promote"], obj=here, catch_exceptions=False)
    shown = run.invoke(
        command, ["install", str(file), "--promote", "--why", "离线机房"], obj=here, catch_exceptions=False
    )
    champion = read_champion(workspace_copy.models)
    assert champion is not None
    assert (champion.version, champion.digest) == ("7", read_manifest(versioned)[1])
    assert [line["event"] for line in read_history(workspace_copy.models)] == ["installed", "promoted"]
