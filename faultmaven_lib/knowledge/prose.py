"""Prose: what an embedding model reads of a document or of a question. It was trained on sentences, not on names."""

from __future__ import annotations

import re

from faultmaven_lib.knowledge.words import parted

_CODE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]*[^()]{0,300}\)|https?://\S+|\{\{.{0,300}?\}\}|<[^<>\n]{1,300}>")
_SIGNS = re.compile(r"[`*>#|]+")
_END = re.compile(r"(?<=[.!?;:])\s+")
_WORD = re.compile(r"[^\W_]+")
_PIECE = 1_000
"""Characters: a model reads some 250 words and passes over what comes after."""
_SHORT = {
    "api": "API",
    "conn": "connection",
    "crd": "custom resource definition",
    "ds": "daemon set",
    "err": "error",
    "errs": "errors",
    "fd": "file descriptor",
    "fs": "filesystem",
    "gc": "garbage collection",
    "hpa": "horizontal pod autoscaler",
    "k8s": "kubernetes",
    "kube": "kubernetes",
    "lb": "load balancer",
    "mem": "memory",
    "msg": "message",
    "ns": "namespace",
    "oom": "out of memory",
    "pdb": "pod disruption budget",
    "pv": "persistent volume",
    "pvc": "persistent volume claim",
    "req": "request",
    "sts": "stateful set",
    "svc": "service",
    "tsdb": "time series database",
    "wal": "write-ahead log",
}
"""What names of alerts and metrics are shortened to, in Kubernetes, Prometheus and databases."""


def prose(text: str) -> str:
    r"""Return the sentences of a Markdown text in one line: no code blocks, no addresses, no signs of markup.

    Examples
    --------
    >>> prose("See [the wiki](https://wiki.example/locks) for **locks**.\n\n```sql\nSELECT 1\n```\n- Then wait.")
    'See the wiki for locks. - Then wait.'
    """
    text = _LINK.sub(lambda match: match[1] or " ", _CODE.sub(" ", text))
    return " ".join(_SIGNS.sub("", text).split())


def spoken(text: str) -> str:
    """Return a question as a sentence: names in camelCase and snake_case come apart, short forms are written out.

    Examples
    --------
    >>> spoken("KubeHpaMaxedOut: HPA_errs at the API")
    'kubernetes horizontal pod autoscaler Maxed Out: horizontal pod autoscaler errors at the API'
    """
    return " ".join(_WORD.sub(lambda match: _SHORT.get(match[0].lower(), match[0]), parted(text)).split())


def pieces(text: str) -> list[str]:
    """Cut a text between sentences into pieces that a model reads whole.

    Examples
    --------
    >>> [len(piece) for piece in pieces("Wait for it. " * 100)]
    [1000, 299]
    """
    if len(text) <= _PIECE:
        return [text] if text else []
    cut, current = [], ""
    for sentence in _END.split(text):
        if current and len(current) + len(sentence) >= _PIECE:
            cut.append(current)
            current = ""
        current = f"{current} {sentence}" if current else sentence
        while len(current) > _PIECE:
            cut.append(current[:_PIECE])
            current = current[_PIECE:]
    return [*cut, current] if current else cut
