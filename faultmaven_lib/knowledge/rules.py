"""Prometheus rule files to pages: an alert each, with its expression, its annotations and the runbook it links to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from faultmaven_lib.knowledge.pages import Page, Section, fenced, page_of

ALERT = "alert"
"""The kind of the documents."""
RUNBOOK = "runbook"
"""The field of the front matter that has the link."""
_LINKS = ("runbook_url", "runbook", "runbook_link", "playbook", "playbook_url")
_SAID = ("summary", "message", "description")
_DOCUMENTS = 1_000
_GROUPS = 10_000


def read_rules(text: str) -> list[Page]:
    """Read the alerts of a Prometheus rule file, or of ``PrometheusRule`` resources of Kubernetes.

    Returns
    -------
    list of Page
        A page an alert; none if the file holds no rules, since much else is YAML.

    Raises
    ------
    ValueError
        If it looks like a rule file and cannot be read: it says where.

    Examples
    --------
    >>> (page,) = read_rules('''
    ... groups:
    ... - name: pods
    ...   rules:
    ...   - alert: PodCrashLooping
    ...     expr: rate(restarts_total[5m]) > 0
    ...     annotations: {summary: Pod is crash looping., runbook_url: "https://wiki.example/podcrashlooping"}
    ... ''')
    >>> page.title, page.front["runbook"], page.chunks[0]
    ('PodCrashLooping', ['https://wiki.example/podcrashlooping'], ('', 'Pod is crash looping.'))
    """
    if "alert:" not in text and '"alert"' not in text:
        return []
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(islice(yaml.load_all(text, loader), _DOCUMENTS))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if "groups:" not in text:
            return []
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"not YAML that can be read{where}; a template has to be rendered first") from None
    pages: dict[str, Page] = {}
    for group, rule in _rules(documents):
        page = _page(group, rule)
        name, n = page.name, 1
        while page.name in pages:
            n += 1
            page = page._replace(name=f"{name}-{n}")
        pages[page.name] = page
    return list(pages.values())


def _rules(documents: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield group and rule of each alert."""
    waiting = documents[::-1]
    seen = 0
    while waiting and seen < _GROUPS:
        seen += 1
        document = waiting.pop()
        if not isinstance(document, dict):
            continue
        if isinstance(items := document.get("items"), list):
            waiting += items[::-1]
        spec = document.get("spec") if isinstance(document.get("spec"), dict) else document
        groups = spec.get("groups") if isinstance(spec, dict) else None
        for group in groups if isinstance(groups, list) else ():
            rules = group.get("rules") if isinstance(group, dict) else None
            for rule in rules if isinstance(rules, list) else ():
                if isinstance(rule, dict) and isinstance(rule.get("alert"), str) and rule["alert"].strip():
                    yield str(group.get("name") or ""), rule


def _page(group: str, rule: dict[str, Any]) -> Page:
    alert = " ".join(rule["alert"].split())[:200]
    notes, labels = _texts(rule.get("annotations")), _texts(rule.get("labels"))
    link = next((notes.pop(name) for name in _LINKS if notes.get(name)), "")
    said = [notes.pop(name) for name in _SAID if notes.get(name)]
    front = {"title": [alert]} | ({RUNBOOK: [link]} if link else {})
    about = [f"{name}: {value}" for name, value in notes.items()]
    how = [fenced(str(rule.get("expr", "")).strip(), "promql")]
    how += [f"for: {rule['for']}"] if rule.get("for") else []
    how += [", ".join(f"{name}: {value}" for name, value in labels.items())] if labels else []
    how += [f"group: {group}"] if group else []
    sections = [Section(0, "", said + about), Section(2, "Expression", how)]
    page = page_of(sections, front, alert)
    # The link is for following it: its words are those of the wiki that it leads to.
    chunks = [chunk for chunk in page.chunks if chunk[0] != "About"]
    return page._replace(chunks=chunks, kind=ALERT, name=f"{group}/{alert}" if group else alert)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): str(text).strip() for name, text in value.items() if isinstance(text, str | int | float)}
