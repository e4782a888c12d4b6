"""Archives: a case as one ``.fmz`` file, to be opened on another machine without the sources.

An archive is a zip of ``manifest.json``, ``case.json``, ``audit.json`` and ``evidence/E1.parquet`` and so on. The
manifest holds the SHA-256 of every other member: it finds damage and careless edits, it is not a signature.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from faultmaven_lib import __version__
from faultmaven_lib.exceptions import ArchiveError, FaultMavenError
from faultmaven_lib.model import AuditEntry, Case
from faultmaven_lib.storage import codec

FORMAT = 1
SUFFIX = ".fmz"
_MIB = 1 << 20
_MEMBERS_MAX = 10_000
_JSON_MAX = 64 * _MIB
_RESULT_MAX = 256 * _MIB
_TOTAL_MAX = 1024 * _MIB
_RATIO_MAX = 200
_ROWS_MAX = 5_000_000
_UNPACKED_MAX = 2048 * _MIB
"""Of one stored result when read into memory, as its Parquet footer says."""


def write_archive(case: Case, path: str | os.PathLike[str], *, audit: Iterable[AuditEntry] = ()) -> Path:
    """Write a case as an archive: all of it or nothing, equal bytes for an equal case.

    Parameters
    ----------
    case
        With its evidence.
    path
        Where to; an existing file is replaced.
    audit
        The audit log, to travel with the case.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArchiveError
        If it cannot be written, or is larger than what ``read_archive`` reads.

    Examples
    --------
    >>> import tempfile
    >>> from faultmaven_lib.model import Window
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> case = Case(id="INC-7", title="Checkout stalls", team="shop", window=window,
    ...             baseline=window.before(), created_at=window.end, updated_at=window.end)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_archive(write_archive(case, f"{folder}/INC-7.fmz")) == case
    True
    """
    path = Path(path)
    try:
        members = {"case.json": codec.encode(case).encode()}
    except codec.CodecError as error:
        raise ArchiveError(str(error)) from None
    members["audit.json"] = _json([entry.model_dump(mode="json") for entry in audit])
    for entry in case.evidence:
        if entry.snapshot:
            members[_member(entry.id)] = entry.snapshot
    files = {n: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)} for n, d in members.items()}
    manifest = {"format": FORMAT, "written_by": f"faultmaven {__version__}", "case": case.id, "files": files}
    members = {"manifest.json": _json(manifest)} | members
    _check_sizes(str(path), {name: len(data) for name, data in members.items()})
    for name, data in members.items():
        if name.endswith(".parquet"):
            _check_parquet(str(path), name, data)
    try:
        _replace(path, members)
    except OSError as error:
        raise ArchiveError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def read_archive(path: str | os.PathLike[str]) -> Case:
    """Read a case from an archive, whoever made it: sizes are bounded, and nothing is unpacked to disk.

    Raises
    ------
    ArchiveError
        If it is no archive, is cut off, was changed, lacks a member, is too large, or comes from a newer
        version; the message says which.
    """
    members = _read(Path(path))
    try:
        plain = codec.decode(members["case.json"], {})
        snapshots = {e.id: members[_member(e.id)] for e in plain.evidence if _member(e.id) in members}
        return codec.decode(members["case.json"], snapshots)
    except codec.CodecError as error:
        raise ArchiveError(f"{path}: case.json is not a case that this version can read ({error})") from None


def read_audit(path: str | os.PathLike[str]) -> tuple[AuditEntry, ...]:
    """Read the audit log that travelled with a case.

    Raises
    ------
    ArchiveError
        As ``read_archive``.
    """
    members = _read(Path(path))
    try:
        return tuple(AuditEntry.model_validate(entry) for entry in json.loads(members["audit.json"]))
    except (ValidationError, FaultMavenError, ValueError, TypeError, RecursionError):
        raise ArchiveError(f"{path}: audit.json is not an audit log that this version can read") from None


def _member(evidence_id: str) -> str:
    return f"evidence/{evidence_id}.parquet"


def _json(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _replace(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for member, data in members.items():
                    # A fixed date and mode: an equal case gives equal bytes.
                    info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
                    info.external_attr = 0o600 << 16
                    archive.writestr(info, data, _packing(member, data))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _packing(name: str, data: bytes) -> int:
    # Parquet is compressed already, and what shrinks too well would look like a bomb to the reader.
    if name.endswith(".parquet") or len(zlib.compress(data, 6)) * (_RATIO_MAX // 2) < len(data):
        return zipfile.ZIP_STORED
    return zipfile.ZIP_DEFLATED


def _check_sizes(path: str, sizes: dict[str, int]) -> None:
    if len(sizes) > _MEMBERS_MAX:
        raise ArchiveError(f"{path}: {len(sizes):,} members are more than the {_MEMBERS_MAX:,} of an archive")
    for name, size in sizes.items():
        limit = _JSON_MAX if name.endswith(".json") else _RESULT_MAX
        if size > limit:
            raise ArchiveError(f"{path}: {name[:80]!r} has {size:,} bytes, more than the {limit:,} that are read")
    if sum(sizes.values()) > _TOTAL_MAX:
        raise ArchiveError(f"{path}: {sum(sizes.values()):,} bytes are more than the {_TOTAL_MAX:,} that are read")


def _check_parquet(path: str, name: str, data: bytes) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = pq.read_metadata(io.BytesIO(data))
        groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
    except (pa.ArrowException, OSError, ValueError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise ArchiveError(f"{path}: {name} is not a Parquet file ({first[:200]})") from None
    if footer.num_rows > _ROWS_MAX or unpacked > _UNPACKED_MAX:
        raise ArchiveError(
            f"{path}: {name} unpacks to {footer.num_rows:,} rows and {unpacked:,} bytes, more than is read"
        )


def _read(path: Path) -> dict[str, bytes]:
    """Return the members that the manifest names, checked; names are only ever compared, never paths."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len({info.filename for info in infos}) != len(infos):
                raise ArchiveError(f"{path}: two members have the same name; ask for the archive again")
            _check_sizes(str(path), {info.filename: info.file_size for info in infos})
            known = {info.filename: info for info in infos}
            files = _manifest(path, archive, known)
            members = {}
            for name, said in files.items():
                data = _content(path, archive, known, name)
                if hashlib.sha256(data).hexdigest() != said:
                    raise ArchiveError(
                        f"{path}: {name} was changed after the archive was written (its SHA-256 is not the "
                        "manifest's); ask for the archive again"
                    )
                members[name] = data
    except FileNotFoundError:
        raise ArchiveError(f"there is no file {path}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"{path}: {_broken(path)} ({str(error)[:200]})") from None
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror or error}") from None
    for name, data in members.items():
        if name.endswith(".parquet"):
            _check_parquet(str(path), name, data)
    return members


def _broken(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x03\x04":
        return "the archive is damaged or cut off; copy or export it again"
    return f"this is not a FaultMaven archive ({SUFFIX})"


def _manifest(path: Path, archive: zipfile.ZipFile, known: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    if "manifest.json" not in known:
        raise ArchiveError(f"{path}: this zip has no manifest.json, so it is not a FaultMaven archive ({SUFFIX})")
    try:
        manifest = json.loads(_content(path, archive, known, "manifest.json"))
        version, files = manifest["format"], manifest["files"]
        if isinstance(version, int) and version > FORMAT:
            raise ArchiveError(
                f"{path}: written by a newer FaultMaven (archive format {version}; this one reads up to "
                f"{FORMAT}): pip install --upgrade faultmaven"
            )
        digests = {str(name): str(said["sha256"]) for name, said in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ArchiveError(f"{path}: manifest.json is damaged; ask for the archive again") from None
    needed = [name for name in ("case.json", "audit.json") if name not in digests]
    if missing := needed + [name for name in digests if name not in known]:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        names = ", ".join(name[:80] for name in missing[:3])
        raise ArchiveError(f"{path}: {names}{more} missing from the archive; ask for it again")
    return digests


def _content(path: Path, archive: zipfile.ZipFile, known: dict[str, zipfile.ZipInfo], name: str) -> bytes:
    info = known[name]
    if info.file_size > _RATIO_MAX * max(info.compress_size, 1):
        raise ArchiveError(f"{path}: {name[:80]!r} would unpack to over {_RATIO_MAX} times its size and is not read")
    with archive.open(info) as file:
        data = file.read(info.file_size + 1)  # never more than what was checked, whatever the stream holds
    if len(data) != info.file_size:
        raise ArchiveError(f"{path}: {name[:80]!r} is not as long as the archive says; ask for it again")
    return data
