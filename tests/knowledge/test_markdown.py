from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faultmaven_lib.knowledge.markdown import read_page
from faultmaven_lib.knowledge.pages import CHUNK_LENGTH


def test_a_heading_with_nothing_below_it_is_kept() -> None:
    page = read_page("# Disk\n## Checks\n### Inodes\n## Escalate to storage\n")
    assert page.chunks == [("Checks › Inodes", "Inodes"), ("Escalate to storage", "Escalate to storage")]


def test_headings_lead_to_chunks() -> None:
    page = read_page("intro\n\n# Title\n\ntext\n\n## Checks\n\none\n\n### Deep\n\ntwo\n\n## Then\n\nthree\n")
    assert page.title == "Title"
    assert page.chunks == [
        ("", "intro"),
        ("", "text"),
        ("Checks", "one"),
        ("Checks › Deep", "two"),
        ("Then", "three"),
    ]


def test_underlined_headings_and_marked_words() -> None:
    page = read_page("Disk `full`\n===========\n\nx\n\n**Checks**\n---\n\ny\n")
    assert page.title == "Disk full"
    assert page.chunks == [("", "x"), ("Checks", "y")]


def test_a_comment_in_a_code_block_is_no_heading() -> None:
    page = read_page("## Checks\n\n```shell\n# not a heading\ndf -h\n```\n")
    assert page.chunks == [("Checks", "```shell\n# not a heading\ndf -h\n```")]


def test_code_blocks_stay_whole_when_a_section_is_cut() -> None:
    code = "```\n" + "\n".join(f"line {i} of a long command" for i in range(200)) + "\n```"
    page = read_page(f"## Checks\n\n{'word ' * 300}\n\n{code}\n\n{'more ' * 300}\n")
    assert len(page.chunks) > 1
    assert any(code in text for _, text in page.chunks)
    assert {heading for heading, _ in page.chunks} == {"Checks"}


def test_a_code_block_inside_a_long_list_stays_whole() -> None:
    code = "\n".join(["  ```", *(f"  echo {i}" for i in range(50)), "  ```"])
    items = "\n".join(f"- step {i} {'x ' * 40}" for i in range(40))
    page = read_page(f"{items}\n- run\n\n{code}\n\n{items}\n")
    assert sum(code in text for _, text in page.chunks) == 1
    assert all(len(text) <= 2 * CHUNK_LENGTH for _, text in page.chunks)


def test_front_matter() -> None:
    fields = "title: \"Pool exhausted\"\nweight: 20\nservices:\n  - api\n  - 'db'\nalerts: [PoolFull, PoolSlow]\n"
    page = read_page(f"---\n{fields}---\n\n# Other\n\nx\n")
    assert page.title == "Pool exhausted"
    assert page.front["services"] == ["api", "db"]
    assert page.chunks == [("About", "services: api, db\nalerts: PoolFull, PoolSlow"), ("", "x")]


def test_a_rule_is_no_front_matter() -> None:
    assert read_page("---\n\nNo end to it.\n", "my_file").title == "my file"


def test_html_is_text() -> None:
    page = read_page("# T\n\n<script>alert(1)</script>\n\n<b>bold</b> text\n")
    assert "<script>alert(1)</script>" in "\n".join(text for _, text in page.chunks)


@given(st.text(alphabet="#-=`~ \n\tab*>1.|<[]()!:", max_size=400))
def test_no_word_is_lost(text: str) -> None:
    page = read_page(text)
    kept = " ".join([page.title, *page.front, *(f"{h} {t}" for h, t in page.chunks)])
    for values in page.front.values():
        kept += " ".join(values)
    assert sum(kept.count(letter) for letter in "ab") >= text.count("a") + text.count("b") - 2 * text.count(":")


def test_link_definitions_stay() -> None:
    assert read_page("See [it].\n\n[it]: https://wiki.example/locks\n").chunks == [
        ("", "See [it].\n\n[it]: https://wiki.example/locks")
    ]


@pytest.mark.parametrize("text", ["```\n" * 60_000, "# " + "*a " * 60_000, "> " * 60_000, "- " * 60_000, "[" * 60_000])
def test_hostile_markdown_is_read_in_time(text: str) -> None:
    began = time.monotonic()
    page = read_page(text)
    assert time.monotonic() - began < 10
    assert len(page.title) <= 300


@given(st.integers(1, 12_000))
@example(667)  # two blocks that fit but for the blank line between them
def test_chunks_are_bounded(length: int) -> None:
    page = read_page("x" * length + "\n\n" + "y " * length)
    assert all(len(text) <= CHUNK_LENGTH for _, text in page.chunks)
    assert sum(text.count("x") for _, text in page.chunks) == length
