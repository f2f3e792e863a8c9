"""A bundle as one file, to carry it to a machine without a network. What is unpacked is checked, byte by byte."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tarfile
from pathlib import Path

from paidan.bundle import MANIFEST, Bundle, read_manifest
from paidan.errors import BundleError

LIGHTLY = 1
MOST_FILES = 64
MOST_BYTES = 8 * 2**30
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def export_archive(folder: Path, file: Path) -> str:
    """Write a bundle into `file` (tar, lightly compressed); the same bundle gives the same bytes. Returns its digest.

    Raises:
        BundleError: the bundle is damaged, or the file cannot be written.
    """
    manifest, digest = read_manifest(folder)
    top = f"paidan-{manifest['identity'].get('version', 'local')}"
    partial = file.with_name(file.name + ".part")
    try:
        with (
            partial.open("wb") as raw,
            # By hand, so that neither a name nor a time gets into the file.
            gzip.GzipFile("", "wb", LIGHTLY, raw, 0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for name in [MANIFEST, *sorted(manifest["files"])]:
                entry = archive.gettarinfo(str(folder / name), f"{top}/{name}")
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mode, entry.mtime = 0o644, 0
                with (folder / name).open("rb") as source:
                    archive.addfile(entry, source)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BundleError(f"{file}: cannot be written ({error.strerror})") from None
    return digest


def install_archive(file: Path, models: Path) -> tuple[str, str]:
    """Unpack an archive into `models/<version>/`; returns version and digest. Installing it again changes nothing.

    Raises:
        BundleError: it is no archive of one bundle, a digest differs, or another bundle has its version.
    """
    models.mkdir(parents=True, exist_ok=True)
    partial = models / f".install-{file.name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _unpack(file, partial)
        manifest, digest = read_manifest(partial)
        vouched = {MANIFEST, *manifest["files"]}
        unknown = sorted(path.name for path in partial.iterdir() if path.name not in vouched)
        if unknown:
            raise BundleError(
                f"{file}: the manifest does not vouch for {', '.join(unknown[:10])}. Nothing was installed"
            )
        Bundle.load(partial)
        version = str(manifest["identity"].get("version", "local"))
        if not _NAME.fullmatch(version):
            raise BundleError(f"{file}: {json.dumps(version)} is no version. Nothing was installed")
        return _settle(partial, models / version, version, digest), digest
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _settle(partial: Path, target: Path, version: str, digest: str) -> str:
    if target.exists():
        _, there = read_manifest(target)
        if there != digest:
            raise BundleError(
                f"{target} holds another bundle of version {version} (digest {there[:16]}, the archive's is {digest[:16]}). "
                "Move that folder away first, if it never answered here"
            )
        return version
    partial.rename(target)
    return version


def _unpack(file: Path, folder: Path) -> None:
    """Copy the archive's files out one by one. No path, link or device of the archive is ever followed."""
    try:
        with tarfile.open(file, "r:*") as archive:
            tops, seen, left = set(), 0, MOST_BYTES
            for entry in archive:
                top, _, name = entry.name.partition("/")
                if not entry.isreg() or not _NAME.fullmatch(top) or not _NAME.fullmatch(name):
                    raise BundleError(
                        f"{file}: holds {json.dumps(entry.name[:100])}, which is no file of a bundle. Nothing was installed"
                    )
                tops.add(top)
                seen, left = seen + 1, left - entry.size
                source = archive.extractfile(entry)
                if len(tops) > 1 or seen > MOST_FILES or left < 0 or source is None or (folder / name).exists():
                    raise BundleError(f"{file}: is no archive of one bundle. Nothing was installed")
                with source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except FileNotFoundError:
        raise BundleError(f"{file} not found. `paidan bundle export FILE` writes one") from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BundleError(f"{file}: is no readable archive ({error}). `paidan bundle export FILE` writes one") from None
