"""Saving and loading, on both databases: nothing changes on the way, and nobody's change is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from sqlalchemy import text

from faultmaven_lib.exceptions import CaseNotFound, ConflictError, MissingExtra, StorageError
from faultmaven_lib.model import Case
from faultmaven_lib.storage import Store, migrate
from faultmaven_lib.storage.database import make_engine, parse

from .nouns import NOW, WINDOW, any_case, case, evidence, frame, full_case


@pytest.fixture
def store(database_url: str) -> Store:
    return Store(database_url, actor="ann")


def sql(url: str, statement: str) -> list[tuple]:
    with make_engine(parse(url)).begin() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_a_case_comes_back_as_it_was_saved(store: Store) -> None:
    saved = store.save(full_case())
    assert saved.version == 1
    assert saved.updated_at > NOW
    loaded = store.load("INC-1")
    assert loaded == saved
    assert [e.snapshot for e in loaded.evidence] == [e.snapshot for e in full_case().evidence]
    assert loaded.evidence[0].frame.equals(saved.evidence[0].frame)


@pytest.mark.slow
@given(original=any_case)
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_case_comes_back(database_url: str, original: Case) -> None:
    sql(database_url, "DELETE FROM cases")
    store = Store(database_url, actor="ann")
    saved = store.save(original)
    assert store.load(original.id) == saved
    unsaved = {"version": original.version, "updated_at": original.updated_at}
    assert saved.model_copy(update=unsaved) == original


def test_a_case_saved_on_one_machine_loads_in_another_process(database_url: str) -> None:
    saved = Store(database_url).save(full_case())
    code = (
        "import sys; from faultmaven_lib.storage import Store; case = Store(sys.argv[1]).load('INC-1'); "
        "print(case.version, [len(e.frame) for e in case.evidence])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, database_url], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == f"1 {[len(e.frame) for e in saved.evidence]}"


def test_the_second_of_two_writers_is_told_and_nothing_is_overwritten(database_url: str) -> None:
    ann, bob = Store(database_url, actor="ann"), Store(database_url, actor="bob")
    ann.save(full_case())
    first, second = ann.load("INC-1"), bob.load("INC-1")
    ann.save(first.model_copy(update={"title": "Ann's"}))
    with pytest.raises(ConflictError) as caught:
        bob.save(second.model_copy(update={"title": "Bob's", "evidence": ()}))
    assert (caught.value.ours, caught.value.theirs, caught.value.by) == (1, 2, "ann")
    assert "INC-1" in str(caught.value)
    kept = bob.load("INC-1")
    assert kept.title == "Ann's"
    assert len(kept.evidence) == 2
    assert len(bob.audit("INC-1")) == 2
    assert bob.save(kept.model_copy(update={"title": "Bob's"})).version == 3


def test_a_new_case_does_not_replace_one_of_the_same_id(store: Store) -> None:
    store.save(case(title="first"))
    with pytest.raises(ConflictError):
        store.save(case(title="second"))
    other = case(title="second", version=1, created_at=NOW - timedelta(days=1))
    with pytest.raises(StorageError, match="another case under INC-1"):
        store.save(other)
    assert store.load("INC-1").title == "first"


def test_a_case_from_elsewhere_is_stored_with_its_next_version(store: Store) -> None:
    assert store.save(case(version=4)).version == 5
    assert store.load("INC-1").version == 5


def add_links(url: str, name: str, rounds: int) -> None:
    store, done = Store(url, actor=name), 0
    while done < rounds:
        held = store.load("INC-1")
        try:
            store.save(held.model_copy(update={"links": (*held.links, f"{name}-{done}")}))
        except ConflictError:
            continue
        done += 1


def test_writers_in_threads_lose_no_update(database_url: str) -> None:
    Store(database_url).save(case())
    threads = [threading.Thread(target=add_links, args=(database_url, f"t{i}", 5)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    final = Store(database_url).load("INC-1")
    assert sorted(final.links) == sorted(f"t{i}-{j}" for i in range(4) for j in range(5))
    assert final.version == 21
    assert [entry.version for entry in Store(database_url).audit("INC-1")] == list(range(1, 22))


@pytest.mark.slow
def test_processes_get_ids_of_their_own(empty_database_url: str) -> None:
    if empty_database_url.startswith("postgres"):
        migrate.upgrade(empty_database_url)
    # On SQLite there is no file yet: they also race to make it.
    code = (
        "import sys; from faultmaven_lib.storage import Store; store = Store(sys.argv[1]); "
        "print(*(store.new_id() for _ in range(20)))"
    )
    command = [sys.executable, "-c", code, empty_database_url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    ids = [name for process in running for name in process.communicate(timeout=120)[0].split()]
    assert sorted(ids) == sorted(f"INC-{n}" for n in range(1, 61))


@pytest.mark.slow
def test_writers_in_processes_lose_no_update(database_url: str) -> None:
    Store(database_url).save(case())
    code = (
        "import sys; from faultmaven_lib.storage import Store; from faultmaven_lib.exceptions import ConflictError\n"
        "store, done = Store(sys.argv[1]), 0\n"
        "while done < 8:\n"
        "    held = store.load('INC-1')\n"
        "    try: store.save(held.model_copy(update={'links': (*held.links, f'{sys.argv[2]}-{done}')}))\n"
        "    except ConflictError: continue\n"
        "    done += 1\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, database_url, str(n)]) for n in range(3)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert sorted(Store(database_url).load("INC-1").links) == sorted(f"{n}-{i}" for n in range(3) for i in range(8))


def test_threads_may_race_to_make_a_fresh_sqlite_file(tmp_path: Path) -> None:
    url, errors, start = f"sqlite:///{tmp_path / 'new' / 'cases.db'}", [], threading.Barrier(6)

    def first_use(number: int) -> None:
        start.wait()
        try:
            Store(url).save(case(f"INC-{number}"))
        except Exception as error:  # noqa: BLE001 (a thread's error would go unseen)
            errors.append(error)

    threads = [threading.Thread(target=first_use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(Store(url).cases()) == 6


def test_new_ids_step_over_cases_from_elsewhere(store: Store) -> None:
    assert store.new_id() == "INC-1"
    store.save(case("INC-2"))
    assert store.new_id() == "INC-3"
    assert store.new_id("PAY") == "PAY-1"


def test_unchanged_snapshots_are_not_written_again(store: Store, database_url: str) -> None:
    saved = store.save(full_case())
    sql(
        database_url,
        "UPDATE snapshots SET data = 'mark' WHERE evidence_id = 'E1'"
        if "sqlite" in database_url
        else "UPDATE snapshots SET data = 'mark'::bytea WHERE evidence_id = 'E1'",
    )
    more = evidence(frame(), frame(2, author="Bob Ray"), frame(5))
    store.save(saved.model_copy(update={"title": "x", "evidence": more}))
    rows = dict(sql(database_url, "SELECT evidence_id, length(data) FROM snapshots"))
    assert rows["E1"] == 4
    assert rows["E3"] == len(more[2].snapshot)


def test_evidence_that_went_or_changed_is_replaced(store: Store) -> None:
    saved = store.save(full_case())
    entries = evidence(frame(7))
    again = store.save(saved.model_copy(update={"evidence": entries}))
    assert store.load("INC-1") == again
    assert len(store.load("INC-1").evidence[0].frame) == 7


def test_the_audit_says_which_fields_changed_but_not_what_they_held(store: Store) -> None:
    entries = evidence(frame(), frame(2))
    saved = store.save(case(evidence=entries[:1]))
    saved = store.save(
        saved.model_copy(
            update={
                "status": "resolved",
                "impact": "password=hunter2",
                "evidence": entries,
                "hypotheses": full_case().hypotheses,
                "people": {"commander": "Ann Lee"},
            }
        ),
        action="resolve",
        detail="after the call",
    )
    store.save(saved)
    first, second, third = store.audit("INC-1")
    assert (first.version, first.actor, first.action, first.detail) == (1, "ann", "save", "created")
    assert second.action == "resolve"
    assert second.detail == "after the call; status: open → resolved; +E2; +H1; impact changed; people changed"
    assert third.detail == "nothing changed"
    assert "hunter2" not in repr(store.audit("INC-1"))
    assert second.at == saved.updated_at


def test_cases_are_listed_newest_first_and_filtered(store: Store) -> None:
    assert list(store.cases().columns)[:6] == ["id", "title", "team", "severity", "status", "services"]
    types = store.cases().dtypes
    for number in range(5):
        later = type(WINDOW)(start=WINDOW.start + timedelta(days=number), end=WINDOW.end + timedelta(days=number))
        store.save(case(f"INC-{number}", window=later, team="pay" if number == 3 else "shop"))
    store.save(full_case("INC-9", status="resolved"))
    listed = store.cases()
    assert (listed.dtypes == types).all()
    assert list(listed["id"]) == ["INC-4", "INC-3", "INC-2", "INC-1", "INC-9", "INC-0"]
    row = listed.set_index("id").loc["INC-9"]
    assert row["cause"] == "db: lock contention"
    assert row["services"] == "checkout, web"
    assert row["n_evidence"] == 2
    assert row["resolved"] == WINDOW.end
    assert row["retain_until"] == date(2027, 1, 1)
    assert listed["started"].isna().sum() == 5
    assert list(store.cases(team="pay")["id"]) == ["INC-3"]
    assert list(store.cases(status="resolved")["id"]) == ["INC-9"]
    assert list(store.cases(service="checkout")["id"]) == ["INC-9"]
    assert list(store.cases(since="2026-03-03T00:00Z", until="2026-03-05T00:00Z")["id"]) == ["INC-3", "INC-2"]
    assert list(store.cases(text="LOCK migration")["id"]) == ["INC-9"]
    assert len(store.cases(text="100%_")) == 0
    assert list(store.cases(limit=2, offset=1)["id"]) == ["INC-3", "INC-2"]
    assert len(store.cases(limit=None)) == 6


def test_text_search_folds_letters_beyond_ascii(store: Store) -> None:
    store.save(case(title="ÜBERLAST in Straße"))
    assert len(store.cases(text="überlast STRASSE")) == 1


def test_a_team_sees_and_touches_its_own_cases_only(database_url: str) -> None:
    everyone, pay = Store(database_url), Store(database_url, team="pay")
    everyone.save(case("INC-1", team="shop", retain_until=date(2020, 1, 1)))
    everyone.save(case("INC-2", team="pay", retain_until=date(2020, 1, 1)))
    assert list(pay.cases()["id"]) == ["INC-2"]
    assert len(pay.cases(team="shop")) == 0
    assert pay.expired(date(2026, 1, 1)) == ["INC-2"]
    assert everyone.expired(date(2026, 1, 1)) == ["INC-1", "INC-2"]
    assert everyone.expired(date(2020, 1, 1)) == []
    for act in (pay.load, pay.audit, lambda i: pay.erase(i, reason="x")):
        with pytest.raises(CaseNotFound) as caught:
            act("INC-1")
        assert "INC-1" not in str(caught.value).partition(";")[2]
    with pytest.raises(StorageError, match="belongs to team 'shop'"):
        pay.save(everyone.load("INC-1"))
    with pytest.raises(StorageError, match="belongs to team 'shop'"):
        pay.save(everyone.load("INC-1").model_copy(update={"team": "pay"}))
    moved = everyone.save(everyone.load("INC-1").model_copy(update={"team": "pay"}))
    assert pay.load("INC-1") == moved
    assert [entry.detail for entry in pay.audit("INC-1")] == ["created", "team: shop → pay"]


def test_a_missing_case_names_near_ones(store: Store) -> None:
    with pytest.raises(CaseNotFound, match="faultmaven cases"):
        store.load("INC-7")
    store.save(case("INC-7"))
    for wrong in ("inc-7", "INC7", "7"):
        with pytest.raises(CaseNotFound, match="near it: INC-7"):
            store.load(wrong)


@pytest.mark.parametrize("bad", ["", "../x", "a/b", "x" * 101, "a\nb", "-x"])
def test_ids_that_could_not_be_file_names_are_refused(store: Store, bad: str) -> None:
    with pytest.raises(StorageError, match="cannot be the id"):
        store.save(case(bad))


@pytest.mark.parametrize("fields", [{"team": "a\x00"}, {"team": "x" * 201}, {"evidence": evidence(frame()) * 2}])
def test_what_could_not_be_found_again_is_refused(store: Store, fields: dict) -> None:
    with pytest.raises(StorageError):
        store.save(case(**fields))
    assert len(store.cases()) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases SET document = replace(document, '\"title\":', '\"headline\":')",
        "UPDATE cases SET document = replace(document, '2026-03-01T14:00:00+00:00', 'noon')",
        "UPDATE cases SET document = 'nothing'",
        "UPDATE cases SET document = '[]'",
    ],
)
def test_a_case_in_another_shape_is_an_error_that_says_so(store: Store, database_url: str, statement: str) -> None:
    store.save(case())
    sql(database_url, statement)
    with pytest.raises(StorageError, match="case INC-1 was stored in a shape"):
        store.load("INC-1")


def test_sqlite_runs_with_a_journal_that_readers_do_not_block(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'er' / 'cases.db'}"
    Store(url).save(case())
    assert sql(url, "PRAGMA journal_mode") == [("wal",)]
    assert sql(url, "PRAGMA foreign_keys") == [(1,)]


def test_the_default_store_lies_in_the_home_of_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAULTMAVEN_USER", "carol")
    store = Store()
    assert store.audit(store.save(case()).id)[0].actor == "carol"
    assert (tmp_path / "home" / "faultmaven.db").exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cr3t@127.0.0.1:1/cases",
        "postgres://me:s3cr3t@127.0.0.1:1/cases?connect_timeout=2",
        "postgresql://me@127.0.0.1:1/cases?password=s3cr3t",
        "postgresql://me:s3cr3t@host:port/cases",
        "mysql://me:s3cr3t@host/cases",
        "s3cr3t",
    ],
)
def test_no_error_and_no_repr_shows_a_password(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        Store(url).cases()
    shown = []
    error: BaseException | None = caught.value
    while error is not None and (error is caught.value or not caught.value.__suppress_context__):
        shown.append(str(error))
        error = error.__cause__ or error.__context__
    assert "s3cr3t" not in "".join(shown)


def test_repr_hides_the_password() -> None:
    store = Store("postgresql://me:s3cr3t@db/cases?password=s3cr3t", team="pay")
    assert repr(store) == "Store('postgresql://me:***@db/cases', team='pay')"


def test_without_psycopg_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from faultmaven_lib.storage import Store\n"
        "Store('postgresql://me@db/cases')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert run.stderr.strip().splitlines()[-1].endswith(str(MissingExtra("PostgreSQL", "postgres")))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.db").write_text("not a database, but long enough to look like a file of some kind" * 20)
    with pytest.raises(StorageError, match=r"cases\.db: file is not a database"):
        Store(f"sqlite:///{tmp_path / 'cases.db'}").cases()


def test_a_write_that_fails_leaves_nothing_behind(store: Store, database_url: str) -> None:
    store.save(full_case())
    sql(database_url, "ALTER TABLE audit RENAME TO audit_gone")
    with pytest.raises(StorageError):
        store.save(store.load("INC-1").model_copy(update={"title": "changed", "evidence": (), "services": ()}))
    sql(database_url, "ALTER TABLE audit_gone RENAME TO audit")
    assert store.load("INC-1").title == "Checkout stalls"
    assert len(store.load("INC-1").evidence) == 2
    assert len(store.cases(service="checkout")) == 1
