"""Archives: what goes in comes out; what is damaged, newer or hostile is refused with words."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from faultmaven_lib.exceptions import ArchiveError
from faultmaven_lib.model import Case
from faultmaven_lib.storage import Store
from faultmaven_lib.storage.archive import read_archive, read_audit, write_archive

from .nouns import any_case, case, evidence, full_case


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(full_case(), tmp_path / "INC-1.fmz")


def rewrite(path: Path, change, *, fix_manifest: bool = True) -> None:
    """Rewrite an archive with its members (name to bytes) changed, as somebody with a zip tool would."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    if fix_manifest and "manifest.json" in members:
        manifest = json.loads(members["manifest.json"])
        for name, said in manifest["files"].items():
            if name in members:
                said["sha256"] = hashlib.sha256(members[name]).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)


def refused(path: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_archive(path)
    message = str(caught.value)
    assert path.name in message
    assert len(message) < 1_000
    return message


def test_a_case_travels_with_results_and_audit(tmp_path: Path) -> None:
    with Store("sqlite://", actor="ann") as store:
        saved = store.save(full_case())
        path = write_archive(saved, tmp_path / "new" / "INC-1.fmz", audit=store.audit("INC-1"))
        assert list(read_audit(path)) == store.audit("INC-1")
    assert read_archive(path) == saved
    assert len(read_archive(path).evidence[0].frame) == 3
    assert [p.name for p in path.parent.iterdir()] == ["INC-1.fmz"]


@pytest.mark.slow
@given(original=any_case)
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_case_comes_back(tmp_path: Path, original: Case) -> None:
    assert read_archive(write_archive(original, tmp_path / "x.fmz")) == original


def test_an_equal_case_gives_equal_bytes(tmp_path: Path) -> None:
    one = full_case()
    first, second = (write_archive(one, tmp_path / name).read_bytes() for name in ("a.fmz", "b.fmz"))
    assert first == second


def test_what_compresses_too_well_is_still_readable(tmp_path: Path) -> None:
    long = case(postmortem="a" * 3_000_000)
    assert read_archive(write_archive(long, tmp_path / "x.fmz")) == long


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, archive: Path) -> None:
    before = archive.read_bytes()
    broken = full_case().evidence[0].model_copy(update={"snapshot": b"not parquet"})
    with pytest.raises(ArchiveError, match=r"evidence/E1\.parquet is not a Parquet file"):
        write_archive(full_case(evidence=(broken,)), archive)
    assert archive.read_bytes() == before
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="cannot write"):
        write_archive(full_case(), tmp_path / "file" / "x.fmz")


def test_not_an_archive(tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "none.fmz")
    (tmp_path / "text.fmz").write_text("hello")
    assert "not a FaultMaven archive" in refused(tmp_path / "text.fmz")
    (tmp_path / "empty.fmz").write_bytes(b"")
    assert "not a FaultMaven archive" in refused(tmp_path / "empty.fmz")
    (tmp_path / "folder.fmz").mkdir()
    assert "cannot read" in refused(tmp_path / "folder.fmz")
    with zipfile.ZipFile(tmp_path / "other.fmz", "w") as other:
        other.writestr("a.txt", "x")
    assert "no manifest.json" in refused(tmp_path / "other.fmz")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9, 0.999])
def test_cut_off(archive: Path, part: float) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * part)])
    assert "damaged or cut off" in refused(archive)


def test_any_flipped_byte_is_noticed_or_harmless(archive: Path) -> None:
    data, known = archive.read_bytes(), read_archive(archive)
    for position in range(0, len(data), 97):
        archive.write_bytes(data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :])
        with contextlib.suppress(ArchiveError):
            assert read_archive(archive) == known


def test_tampered(archive: Path) -> None:
    rewrite(archive, lambda m: m.update({"case.json": m["case.json"].replace(b"sev1", b"sev4")}), fix_manifest=False)
    assert "case.json was changed" in refused(archive)


def test_newer_format(archive: Path) -> None:
    def newer(members: dict[str, bytes]) -> None:
        members["manifest.json"] = members["manifest.json"].replace(b'"format":1', b'"format":2')

    rewrite(archive, newer)
    assert "pip install --upgrade faultmaven" in refused(archive)


@pytest.mark.parametrize("name", ["case.json", "evidence/E1.parquet", "audit.json"])
def test_missing_members(archive: Path, name: str) -> None:
    rewrite(archive, lambda m: m.pop(name) and None)
    assert f"{name} missing" in refused(archive)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("manifest.json", b"[]", "manifest.json is damaged"),
        ("manifest.json", b"[" * 100_000, "manifest.json"),
        ("manifest.json", b'{"format": 1, "files": {"case.json": 3}}', "manifest.json is damaged"),
        ("case.json", b"{}", "case.json is not a case"),
        ("case.json", b"\xff", "case.json is not a case"),
        ("evidence/E1.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1", "is not a Parquet file"),
    ],
)
def test_members_that_hold_something_else(archive: Path, name: str, data: bytes, said: str) -> None:
    rewrite(archive, lambda m: m.update({name: data}), fix_manifest=name != "manifest.json")
    assert said in refused(archive)


def test_bombs_are_not_unpacked(archive: Path, tmp_path: Path) -> None:
    rewrite(archive, lambda m: m.update({"case.json": b" " * 50_000_000}))
    assert "times its size" in refused(archive)
    rewrite(archive, lambda m: m.update({"case.json": b" " * 70_000_000}))
    assert "more than the" in refused(archive)
    many = tmp_path / "many.fmz"
    with zipfile.ZipFile(many, "w") as new:
        for number in range(10_050):
            new.writestr(str(number), b"")
    assert "members are more" in refused(many)
    rows = io.BytesIO()
    pd.DataFrame({"x": [0] * 6_000_000}).to_parquet(rows, compression="zstd")
    write_archive(full_case(), archive)
    rewrite(archive, lambda m: m.update({"evidence/E1.parquet": rows.getvalue()}))
    assert "unpacks to" in refused(archive) or "times its size" in refused(archive)


def test_names_are_never_paths(archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "outside"

    def escape(members: dict[str, bytes]) -> None:
        members[f"../{target.name}"] = members[str(target)] = b"x"
        manifest = json.loads(members["manifest.json"])
        manifest["files"][f"../{target.name}"] = {"sha256": ""}
        members["manifest.json"] = json.dumps(manifest).encode()
        members["case.json"] = members["case.json"].replace(b'"id":"E1"', b'"id":"../E1"')

    rewrite(archive, escape)
    read = read_archive(archive)
    assert [e.snapshot == b"" for e in read.evidence] == [True, False]
    assert not target.exists()


def test_two_members_of_one_name(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as again, pytest.warns(UserWarning, match="Duplicate"):
        again.writestr("case.json", b"{}")
    assert "same name" in refused(archive)


def test_evidence_without_a_result_travels_too(tmp_path: Path) -> None:
    entry = evidence(pd.DataFrame({"x": [1]}))[0].model_copy(update={"snapshot": b""})
    one = case(evidence=(entry,))
    assert read_archive(write_archive(one, tmp_path / "x.fmz")) == one
