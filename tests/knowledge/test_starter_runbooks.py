"""The starter runbooks keep to one form, change nothing where they only check, and are found by what they are about."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.markdown import Page, read_page
from faultmaven_lib.model import Mechanism

SHIPPED = Path(str(files("faultmaven_lib.knowledge") / "runbooks"))
PATHS = sorted(SHIPPED.glob("*.md"))
FRONT = ["title", "mechanisms", "systems", "keywords"]
SECTIONS = ["Symptoms", "Meaning", "Checks", "Decision", "Mitigation", "Verification", "Rollback", "Prevention"]
LANGUAGES = {"shell", "sql", "promql", "nginx"}
READ_ONLY = {"Checks", "Decision", "Verification"}
"""What stands here may be run by anyone, at once, on production."""

_CODE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```[ ]*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9. -]*>")

# At the place of a command: at the start, or after what leads to another one.
_AT = r"(?:^|[|;&(`\n]|\bsudo |\bxargs (?:-\S+ \S+ )*|\bdo |\bthen |-- )\s*"
CHANGING = [
    _AT + r"kubectl\b[^|;\n]*? (?:apply|annotate|autoscale|cordon|cp|create|debug|delete|drain|edit|expose|label|patch"
    r"|replace|run|scale|set|taint|uncordon)\b",
    _AT + r"kubectl\b[^|;\n]*? rollout (?:pause|restart|resume|undo)\b",
    _AT + r"helm (?:install|rollback|uninstall|upgrade)\b",
    _AT + r"(?:systemctl|service)\b[^|;\n]*? (?:daemon-reload|disable|edit|enable|isolate|kill|mask|reload|reset-failed"
    r"|restart|revert|set-property|start|stop)\b",
    _AT + r"(?:chattr|chmod|chown|dd|fsck|kill|killall|mkfs\S*|mount|mv|pg_resetwal|pkill|reboot|renice|rm|rmdir"
    r"|shutdown|swapoff|swapon|tee|touch|truncate|umount|choom|prlimit|useradd|usermod)\b",
    _AT + r"(?:crictl|docker|podman) (?:exec|kill|prune|pull|restart|rm|rmi|start|stop)\b",
    _AT + r"git\b[^|;\n]*? (?:checkout|clean|commit|merge|push|rebase|reset|revert)\b",
    _AT + r"rabbitmqctl\b[^|;\n]*? (?:add|change|clear|close|delete|eval|forget|purge|reset|set|stop)",
    _AT + r"redis-cli(?: -\S+(?: \S+)?)*? (?i:bgrewriteaof|bgsave|client kill|debug|del|expire|failover|flushall"
    r"|config (?:resetstat|rewrite|set)|flushdb|latency reset|monitor|replicaof|save|script (?:flush|kill)|set"
    r"|sentinel failover|shutdown|slowlog reset|unlink|xack|xdel)\b",
    _AT + r"jcmd\b[^|;\n]*? (?:GC\.heap_dump|GC\.run|VM\.set_flag|JFR\.start)\b",
    _AT + r"(?:apt|apt-get|dnf|npm|pip|yum)\b[^|;\n]*? (?:install|remove|upgrade)\b",
    r"\bsysctl\b[^|;\n]* -w\b",
    r"\bnginx -s\b",
    r"\bfind\b[^|;\n]* -delete\b",
    r"\bsed\b[^|;\n]* -i\b",
    r">>?\s*/(?:etc|proc|sys)/",
    r"--(?:alter|execute|add-config|delete-config)\b",
    r"\bcurl\b[^|;\n]* (?:-X\s*|--request )(?:DELETE|PATCH|POST|PUT)\b",
    r"\b(?:conntrack -[DFIU]|chronyc (?:burst|makestep)|resolvectl (?:dns|flush-caches|reset)|jmap -dump)",
    r"\bip (?:link|route|addr|neigh) (?:add|change|del|flush|replace|set)\b",
    r"\balembic\b[^|;\n]* (?:downgrade|stamp|upgrade)\b",
    r"\b(?:ALTER|CREATE|DELETE FROM|DROP|GRANT|INSERT INTO|LOCK TABLE|REINDEX|REVOKE|TRUNCATE|VACUUM)\b",
    r"\bUPDATE \w+ SET\b",
    r"\bEXPLAIN[ (]+ANALYZE\b",
    r"\bpg_(?:cancel_backend|drop_replication_slot|promote|reload_conf|switch_wal|terminate_backend)\b",
]
HOLLOW = re.compile(
    r"\b(?:delve|leverag\w+|seamless\w*|robust\w*|crucial\w*|comprehensive\w*|utili[sz]e\w*|in conclusion|cutting-edge"
    r"|it is important to note|it's worth noting|in today's|best practices?|streamlin\w+|holistic\w*|as an ai|chatgpt"
    r"|let's dive|game.chang\w+|furthermore|moreover)\b",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """A fenced block of code and the section that it stands in."""

    section: str
    language: str
    text: str


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page_of(path: Path) -> Page:
    return read_page(text_of(path), path.stem)


def sections(path: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text_of(path), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(path: Path) -> Iterator[Block]:
    for section, text in sections(path).items():
        for language, code in _CODE.findall(text):
            yield Block(section, language, code)


def inline(text: str) -> list[str]:
    """Return what stands between single backticks."""
    return re.findall(r"`([^`]+)`", _CODE.sub("", text))


@pytest.fixture(scope="module")
def starter() -> Iterator[KnowledgeBase]:
    with KnowledgeBase("sqlite://") as made:
        made.add_starter()
        yield made


runbook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


# ---- form


def test_there_are_enough_and_their_titles_differ():
    assert len(PATHS) >= 40
    titles = Counter(page_of(path).title for path in PATHS)
    assert [title for title, n in titles.items() if n > 1] == []


@runbook
def test_a_runbook_has_the_form(path):
    text, page = text_of(path), page_of(path)
    assert re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*", path.stem)
    assert list(page.front) == FRONT
    assert set(page.front["mechanisms"]) <= {m.value for m in Mechanism}
    assert len(page.front["keywords"]) >= 4
    assert f"\n# {page.front['title'][0]}\n" in text
    assert list(sections(path)) == SECTIONS
    assert 60 <= len(text.splitlines()) <= 110
    prose = _CODE.sub("", text.split("---\n", 2)[2])
    assert [line for line in prose.splitlines() if len(line) > 120] == []
    assert text.endswith("\n")
    assert not re.search(r"[ \t]$", text, re.MULTILINE)


@runbook
def test_each_section_says_something(path):
    said = sections(path)
    assert [name for name, text in said.items() if len(text.split()) < 8] == []
    assert any(block.section == "Checks" for block in blocks(path))
    steps = re.split(r"^\d+\. ", said["Mitigation"], flags=re.MULTILINE)[1:]
    assert len(steps) >= 3
    assert [step.strip() for step in steps if "Risk:" not in step] == []
    assert re.search(r"→\s+\[", said["Decision"])


@runbook
def test_code_is_marked_as_what_it_is(path):
    fences = [token for token in MarkdownIt("commonmark").parse(text_of(path)) if token.type == "fence"]
    assert {token.info for token in fences} <= LANGUAGES
    assert len(fences) == len(list(blocks(path)))
    # A command that goes over two lines cannot be copied.
    assert [c for text in sections(path).values() for c in inline(text) if "\n" in c and re.match(_TOOLS, c)] == []


_TOOLS = r"(?:kubectl|redis-cli|systemctl|sysctl|SELECT|ALTER|rabbitmqctl|nginx|journalctl|helm|openssl|dig|jcmd) "


@runbook
def test_references_lead_to_runbooks(path):
    told = dict(_LINK.findall(_CODE.sub("", text_of(path))))
    assert len(told) >= 2
    for title, target in told.items():
        assert (SHIPPED / target).is_file(), target
        assert page_of(SHIPPED / target).title == " ".join(title.split())
        assert target != path.name


@runbook
def test_nothing_leads_outside_and_nothing_is_hollow(path):
    text = text_of(path)
    assert re.findall(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}", text) == []
    assert re.findall(r"\b[\w.+-]+@[\w-]+\.\w{2,}", text) == []
    assert HOLLOW.findall(text) == []


# ---- commands


@runbook
def test_what_only_checks_changes_nothing(path):
    code = [block.text for block in blocks(path) if block.section in READ_ONLY]
    code += [c for name in ("Checks", "Verification") for c in inline(sections(path)[name])]
    assert [(c, p) for c in code for p in CHANGING if re.search(p, _PLACEHOLDER.sub("x", c), re.MULTILINE)] == []


@pytest.mark.parametrize(
    "command",
    [
        "kubectl -n kube-system delete pod x",
        "kubectl rollout undo deployment/x",
        "ls | xargs -n 1 rm -r",
        "sudo systemctl restart x",
        "redis-cli -h x CONFIG SET maxmemory 1",
        "redis-cli flushall",
        "for i in 1 2; do kill -9 $i; done",
        "echo 1 > /proc/sys/vm/drop_caches",
        "SELECT pg_terminate_backend(1);",
        "ALTER SYSTEM SET max_wal_size = '1GB';",
        "UPDATE orders SET paid = true;",
        "kafka-configs.sh --alter --topic x",
        "sysctl -w vm.swappiness=1",
    ],
)
def test_a_change_is_seen(command):
    assert any(re.search(p, command, re.MULTILINE) for p in CHANGING)


@runbook
def test_shell_can_be_parsed(path):
    code = "\n".join(_PLACEHOLDER.sub("x", block.text) for block in blocks(path) if block.language == "shell")
    done = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's package prometheus")
def test_promql_can_be_parsed(tmp_path):
    rules = ["groups:", "- name: runbooks", "  rules:"]
    found = [b.text for path in PATHS for b in blocks(path) if b.language == "promql"]
    for block in found:
        for expression in re.sub(r"\n +", " ", block).strip().splitlines():
            rules += ["  - record: x", "    expr: '" + _PLACEHOLDER.sub("x", expression).replace("'", "''") + "'"]
    assert len(rules) > 40
    (tmp_path / "rules.yml").write_text("\n".join(rules))
    done = subprocess.run(
        ["promtool", "check", "rules", "--lint=none", str(tmp_path / "rules.yml")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.servers
def test_sql_runs_on_a_real_server_and_reads_only(new_postgres: Callable[[], str]) -> None:
    psycopg = pytest.importorskip("psycopg")
    refused: list[str] = []
    with psycopg.connect(new_postgres()) as connection:
        connection.read_only = True
        for path in PATHS:
            for block in blocks(path):
                if block.language != "sql" or block.section not in READ_ONLY:
                    continue
                for statement in re.split(r";\s*\n", block.text.replace("<role>", "postgres")):
                    if statement.strip() in {"", "SHOW POOLS", "SHOW CLIENTS", "SHOW CONFIG"}:  # PgBouncer's
                        continue
                    try:
                        connection.execute(statement)
                    except psycopg.Error as error:
                        refused.append(str(error).splitlines()[0])
                    connection.rollback()
    # An extension that has to be loaded first, and functions that only a standby answers.
    assert sorted(set(refused)) == ["recovery is not in progress", 'relation "pg_stat_statements" does not exist']


# ---- found


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_every_mechanism_is_covered_and_leads_to_its_runbook(starter: KnowledgeBase, mechanism: Mechanism) -> None:
    covering = {page_of(path).title for path in PATHS if mechanism.value in page_of(path).front["mechanisms"]}
    assert covering != set()
    found = starter.search(mechanism.phrase, k=3)["title"].tolist()
    assert found[0] in covering


@runbook
def test_its_title_and_its_keywords_find_it(starter: KnowledgeBase, path: Path) -> None:
    page = page_of(path)
    assert starter.search(page.title)["title"].iloc[0] == page.title
    assert page.title in starter.search(" ".join(page.front["keywords"]), k=3)["title"].tolist()
