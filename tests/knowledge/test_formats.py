from __future__ import annotations

import json
from pathlib import PurePath

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.knowledge.formats import read
from faultmaven_lib.knowledge.jupyter import read_notebook
from faultmaven_lib.knowledge.pages import CHUNK_LENGTH
from faultmaven_lib.knowledge.rules import read_rules
from faultmaven_lib.knowledge.webpage import read_webpage
from faultmaven_lib.redaction import Redactor

_PAGE = """<!doctype html><html><head><title>Disk full | Wiki</title><style>p {color: red}</style></head><body>
<nav><ul><li>Home<li>All runbooks</ul></nav>
<main><article><header><h1>Disk <em>full</em></h1></header>
<p>A filesystem has no space left.</p>
<h2>Checks</h2><p>Look at the host:</p>
<pre><code># df
df -h   /var</code></pre>
<h3>Inodes</h3><ul><li>files &lt; 1 million</li><li>see <a href="https://wiki.example/inodes">inodes</a></li></ul>
<table><tr><th>Sign</th><th>Step</th></tr><tr><td>99 %</td><td>clean up</td></tr></table>
<script>alert("x")</script></article></main><footer>Imprint</footer></body></html>"""

_RULES = {
    "groups": [
        {
            "name": "pods",
            "rules": [
                {
                    "alert": "PodCrashLooping",
                    "expr": "rate(restarts_total[5m]) > 0",
                    "for": "15m",
                    "labels": {"severity": "warning"},
                    "annotations": {
                        "summary": "Pod is crash looping.",
                        "description": "It restarts again and again.",
                        "runbook_url": "https://wiki.example/runbooks/PodCrashLooping#checks",
                    },
                },
                {"record": "job:up:sum", "expr": "sum(up)"},
                {"alert": "PodNotReady", "expr": "up == 0"},
            ],
        }
    ]
}


def test_of_a_web_page_what_is_read_is_kept() -> None:
    page = read_webpage(_PAGE, "disk")
    assert page.title == "Disk full"
    assert page.chunks == [
        ("", "A filesystem has no space left."),
        ("Checks", "Look at the host:\n\n```\n# df\ndf -h   /var\n```"),
        (
            "Checks › Inodes",
            "- files < 1 million\n\n- see inodes\n\nSign | Step\n\n99 % | clean up",
        ),
    ]


@pytest.mark.parametrize(
    ("html", "title", "text"),
    [
        ("<title>Only a title</title><p>x", "Only a title", "x"),
        ("no markup at all", "a name", "no markup at all"),
        ("<nav>menu<main><p>kept</main>left out", "a name", "kept"),
        ("<nav>menu<body>kept", "a name", "kept"),
        ("<pre>never closed\n  code", "a name", "```\nnever closed\n  code\n```"),
        ("<p>a<br>b", "a name", "a\n\nb"),
        ("<div " * 5_000 + ">deep", "a name", "deep"),
    ],
)
def test_pages_that_are_not_well_formed(html: str, title: str, text: str) -> None:
    page = read_webpage(html, "a_name")
    assert page.title == title
    assert "\n\n".join(said for _, said in page.chunks) == text


@given(st.text(alphabet="<>/abdehimnoprstuvw1 =\"'&;!-\n", max_size=300))
def test_any_text_is_read_as_html(text: str) -> None:
    assert all(said.strip() for _, said in read_webpage(text).chunks)


@given(st.lists(st.text(alphabet="xyz ", min_size=1, max_size=3_000), max_size=4))
def test_long_paragraphs_are_cut_and_nothing_is_lost(paragraphs: list[str]) -> None:
    page = read_webpage("".join(f"<p>{text}</p>" for text in paragraphs))
    assert all(len(text) <= CHUNK_LENGTH for _, text in page.chunks)
    kept = "".join("".join(text.split()) for _, text in page.chunks)
    assert kept == "".join("".join(text.split()) for text in paragraphs)


def test_an_alert_is_a_page_with_its_link() -> None:
    first, second = read_rules(yaml.safe_dump(_RULES))
    assert (first.title, first.kind, first.name) == ("PodCrashLooping", "alert", "pods/PodCrashLooping")
    assert first.front["runbook"] == ["https://wiki.example/runbooks/PodCrashLooping#checks"]
    assert first.chunks[0] == ("", "Pod is crash looping.\n\nIt restarts again and again.")
    assert "```promql\nrate(restarts_total[5m]) > 0\n```" in first.chunks[1][1]
    assert "severity: warning" in first.chunks[1][1]
    assert "wiki.example" not in "".join(text for _, text in first.chunks)
    assert second.title == "PodNotReady"


def test_rules_in_resources_of_kubernetes_and_twice_the_same_name() -> None:
    resource = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": _RULES}
    text = yaml.safe_dump_all([{"kind": "List", "items": [resource]}, resource, {"kind": "ConfigMap"}])
    assert [page.name for page in read_rules(text)] == [
        "pods/PodCrashLooping",
        "pods/PodNotReady",
        "pods/PodCrashLooping-2",
        "pods/PodNotReady-2",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "a: b", "- alert: x", "groups: [alert:", "alert: 1\ngroups: 5", "groups:\n- rules: [{alert: 5}]", "alert: *x"],
)
def test_other_yaml_is_no_rule_file(text: str) -> None:
    try:
        assert read_rules(text) == []
    except ValueError as error:
        assert "not YAML" in str(error)  # noqa: PT017 (either may be right)


def test_a_template_of_rules_is_told_apart() -> None:
    with pytest.raises(ValueError, match=r"line [34]; a template has to be rendered first"):
        read_rules("groups:\n- name: x\n{{ if .Values.on }}\n  rules:\n  - alert: X\n{{ end }}\n")


def test_a_notebook_is_its_prose_and_its_code() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Slow checkout\n", "\n", "It stalls."]},
        {"cell_type": "code", "source": "df = 1\n", "outputs": [{"text": "secret output"}]},
        {"cell_type": "markdown", "source": "## What helped\n\nAn index."},
        {"cell_type": "raw", "source": "left out"},
        "nonsense",
    ]
    page = read_notebook(json.dumps({"nbformat": 4, "cells": cells}), "x")
    assert (page.title, page.kind) == ("Slow checkout", "notebook")
    assert page.chunks == [("", "It stalls.\n\n```python\ndf = 1\n```"), ("What helped", "An index.")]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 5}', "5", "[" * 100_000])
def test_what_is_no_notebook_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="notebook"):
        read_notebook(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["cells", "source", "cell_type", "worksheets", "metadata", "input"]), x)
        ),
    )
)
def test_any_json_is_a_notebook_or_not(value: object) -> None:
    try:
        read_notebook(json.dumps(value))
    except ValueError as error:
        assert "notebook" in str(error)  # noqa: PT017 (either may be right)


_KEY = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *["MIIEowIBAAKCAQEA" * 4] * 40, "-----END RSA PRIVATE KEY-----"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", f"# T\n\npassword=hunter2\n\n{_KEY}\n"),
        ("a.html", f"<h1>T</h1><p>password=hunter2<p>{_KEY}"),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "markdown", "source": f"password=hunter2\n\n{_KEY}"}]})),
        (
            "a.yaml",
            yaml.safe_dump(
                {"groups": [{"rules": [{"alert": "A", "annotations": {"summary": f"password=hunter2\n{_KEY}"}}]}]}
            ),
        ),
    ],
)
def test_secrets_are_out_of_every_kind_before_anything_is_cut(name: str, text: str) -> None:
    pages = read(PurePath(name), text, Redactor(b"key"))
    said = repr(pages)
    assert "<password:" in said
    assert "hunter2" not in said
    assert "MIIEowIBAAKCAQEA" not in said
