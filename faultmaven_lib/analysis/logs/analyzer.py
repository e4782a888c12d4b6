"""LogAnalyzer: what the lines of an incident say that those of the baseline do not."""

from __future__ import annotations

from collections import Counter
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.axis import moment
from faultmaven_lib.analysis.logs import sentences
from faultmaven_lib.analysis.logs.counts import Counts, change_of_rate, count_changes
from faultmaven_lib.analysis.logs.lines import Lines, is_severe, level_weight, lines_that_count, read
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.logs.values import STANDARD, Shift, shifts
from faultmaven_lib.analysis.statistics import adjusted
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, FindingKind, Operation, Window

VERSION = 1
_PARAMETER_TEMPLATES = 200
_PARAMETER_LINES = 5_000


class LogAnalyzer(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Compare the log of an incident with that of a baseline.

    Templates are mined from both together and their rates compared by an exact test for two Poisson counts
    that takes burstiness into account; numbers and categories in the lines are compared by ranks and shares.
    All comparisons are corrected together (Benjamini and Hochberg, 1995), and a finding also needs an effect
    of some size, so that two healthy windows give none.

    Parameters
    ----------
    alpha
        False discovery rate.
    min_ratio
        Smallest factor by which a rate, a quantile or a share has to change.
    min_lines
        A rate has to differ by at least so many lines from what was expected. A new template of level error
        is reported from its third line on, of level fatal from its first, if the baseline of the service has
        no errors that came once.
    max_findings
        Bound on what is returned.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=120, freq="s")
    >>> quiet = pd.DataFrame({"service": "api", "level": "INFO", "message": "request served"}, index=at)
    >>> loud = pd.concat([quiet, quiet.iloc[60:].assign(level="ERROR", message="lock wait timeout")])
    >>> odd = LogAnalyzer().fit(quiet).compare(loud.set_index(loud.index + pd.Timedelta("2min")))
    >>> print(odd["sentence"][0])
    api logged "lock wait timeout" 60 times in 2 min, never in the 2 min before; first at 2026-03-01 14:03:00 UTC.
    """

    def __init__(
        self, *, alpha: float = 0.01, min_ratio: float = 2.0, min_lines: int = 5, max_findings: int = 200
    ) -> None:
        self.alpha = alpha
        self.min_ratio = min_ratio
        self.min_lines = min_lines
        self.max_findings = max_findings

    def fit(self, baseline: pd.DataFrame, y: Any = None, *, baseline_window: Window | None = None) -> Self:  # noqa: ARG002
        """Take the baseline: logs as ``connect`` returns them, and the window they cover if it is known."""
        self.baseline_ = read(baseline, baseline_window)
        self._cited = baseline
        return self

    def compare(self, incident: pd.DataFrame, *, incident_window: Window | None = None) -> pd.DataFrame:
        """Return what differs in the incident, most striking first.

        Parameters
        ----------
        incident
            Logs (index ``time``; ``service``, ``level``, ``message``, ``line`` and parsed fields; any of the
            columns may be missing).
        incident_window
            The window that was asked for; without it, the time from the first to the last line.

        Returns
        -------
        DataFrame
            A frame of findings (``faultmaven_lib.findings``): ``before`` and ``after`` in lines a minute, for
            values in their unit (seconds, percent). Empty, with ``attrs["reason"]``, where there is nothing
            to compare.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        if not hasattr(self, "baseline_"):
            raise NotFittedError("this LogAnalyzer has no baseline yet: call fit(baseline) first")
        before, after = self.baseline_, read(incident, incident_window)
        windows = {k: str(w) for k, w in (("baseline_window", before.window), ("incident_window", after.window)) if w}
        operation = Operation(name="logs.compare", parameters=self.get_params() | windows, version=VERSION)
        reason = ""
        findings: list[Finding] = []
        if not len(before.frame):
            reason = "the baseline has no log lines to compare with"
        elif not len(after.frame) and after.window is None:
            reason = "the incident has no log lines"
        else:
            findings = self._findings(before, after)
            reason = "" if findings else "no template and no value differs by more than chance and size allow"
        frame = findings_frame(findings[: self.max_findings], operation, cited(self._cited, incident))
        if reason:
            frame.attrs["reason"] = reason
        return frame

    def _findings(self, before: Lines, after: Lines) -> list[Finding]:
        self.miner_ = TemplateMiner()
        ids = self.miner_.fit_transform([*before.messages, *after.messages])
        keys = list(zip([*before.services, *after.services], ids, strict=True))
        numbers = {key: i for i, key in enumerate(sorted(set(keys)))}
        groups = np.array([numbers[key] for key in keys], dtype="int64")
        lines = len(before.messages)
        low, high = before.bounds
        counts = count_changes(
            groups[:lines],
            (before.at - low) / max(high - low, 1e-9),
            groups[lines:],
            len(numbers),
            (before.length, after.length),
        )
        values = list(self._value_shifts(before, after, groups, lines, len(numbers)))
        p = np.concatenate([counts.p, np.array([v[2].p for v in values])])
        q = adjusted(p)
        findings = self._count_findings(before, after, list(numbers), groups, counts, q)
        for (service, template, shift, rows), q_value in zip(values, q[len(numbers) :], strict=True):
            if q_value < self.alpha:
                findings.append(sentences.of_value(before, after, service, template, shift, rows, float(q_value)))
        return sorted(findings, key=lambda f: (-f.score, f.service, f.kind.value, f.subject))

    def _count_findings(
        self,
        before: Lines,
        after: Lines,
        keys: list[tuple[str, str]],
        groups: np.ndarray[Any, Any],
        counts: Counts,
        q: np.ndarray[Any, Any],
    ) -> list[Finding]:
        lines = len(before.messages)
        scale = after.length / before.length
        one_offs = self._severe_one_offs(before, groups[:lines])
        findings = []
        for i, (service, template_id) in enumerate(keys):
            was, now = int(counts.before[i]), int(counts.after[i])
            excess = abs(now - was * scale)
            sure = q[i] < self.alpha and excess >= self.min_lines
            ratio = counts.ratio[i]
            large = max(ratio, 1 / ratio) >= self.min_ratio
            rows = np.flatnonzero(groups[lines:] == i) if now else np.flatnonzero(groups[:lines] == i)
            level = _common([(after if now else before).levels[r] for r in rows])
            novel_error = not was and now >= lines_that_count(level) and service not in one_offs and scale < 5
            if not (sure and large) and not novel_error:
                continue
            up = ratio > 1
            if not was:
                kind, onset = FindingKind.NEW_TEMPLATE, moment(after.frame.index[rows[0]])
            elif not now:
                kind, onset = FindingKind.GONE_TEMPLATE, after.start
            else:
                kind = FindingKind.SURGE if up else FindingKind.DIP
                first = change_of_rate(after.at[rows], was / before.length, *after.bounds, up=up)
                onset = moment(after.frame.index[rows[first]]) if first >= 0 else after.start
            findings.append(
                sentences.of_count(
                    before,
                    after,
                    kind,
                    service,
                    str(self.miner_.templates_["template"][template_id]),
                    onset,
                    (was, now),
                    score=10 * np.log10(1 + abs(counts.deviation[i])) * level_weight(level),
                    # A critical line is told for its severity: how often it came says nothing of it.
                    p=float(q[i]) if sure or lines_that_count(level) > 1 else None,
                    example=(after if now else before).example(int(rows[0])),
                )
            )
        return findings

    def _severe_one_offs(self, before: Lines, groups: np.ndarray[Any, Any]) -> set[str]:
        """Services whose baseline already has an error that came once: another one says nothing there.

        What was seen once tells how likely it is to see something new (Good, "The population frequencies of
        species", Biometrika 40, 1953). A baseline of few lines tells nothing, either.
        """
        seen = Counter(groups.tolist())
        total = Counter(before.services)
        few = {service for service, count in total.items() if count < 50}
        rare = {
            service
            for service, level, group in zip(before.services, before.levels, groups, strict=True)
            if seen[group] == 1 and is_severe(level)
        }
        return few | rare

    def _value_shifts(
        self, before: Lines, after: Lines, groups: np.ndarray[Any, Any], lines: int, n_groups: int
    ) -> list[tuple[str, str, Shift, np.ndarray[Any, Any]]]:
        """Compare parsed fields by service, and the values behind ``<*>`` of lines that were not parsed."""
        out: list[tuple[str, str, Shift, np.ndarray[Any, Any]]] = []
        fields = [c for c in after.frame.columns if c not in STANDARD and c in before.frame.columns]
        parsed = [
            x.frame[fields].notna().any(axis=1).to_numpy() if fields else np.zeros(len(x.messages), dtype=bool)
            for x in (before, after)
        ]
        services = [np.array(x.services, dtype=object) for x in (before, after)]
        for service in sorted(set(after.services) & set(before.services)) if fields else []:
            rows = [np.flatnonzero((s == service) & p) for s, p in zip(services, parsed, strict=True)]
            if min(map(len, rows)):
                was, now = (x.frame[fields].iloc[r] for x, r in zip((before, after), rows, strict=True))
                out += [(service, "", shift, rows[1]) for shift in shifts(was, now, self.min_ratio)]
        plain = [groups[:lines][~parsed[0]], groups[lines:][~parsed[1]]]
        common = np.minimum(*(np.bincount(g, minlength=n_groups) for g in plain))
        for group in np.argsort(-common, kind="stable")[:_PARAMETER_TEMPLATES]:
            if common[group] < 20:
                break
            sides = (groups[:lines], groups[lines:])
            rows = [_spread(np.flatnonzero((g == group) & ~p)) for g, p in zip(sides, parsed, strict=True)]
            frames = [self._parameter_frame(x, r) for x, r in zip((before, after), rows, strict=True)]
            first = after.messages[int(rows[1][0])]
            template = str(self.miner_.templates_["template"][self.miner_.transform([first])[0]])
            service = after.services[int(rows[1][0])]
            out += [(service, template, shift, rows[1]) for shift in shifts(frames[0], frames[1], self.min_ratio)]
        return out

    def _parameter_frame(self, lines: Lines, rows: np.ndarray[Any, Any]) -> pd.DataFrame:
        """Return the numbers behind the ``<*>`` of one template; places that hold no number are left out."""
        values = list(zip(*self.miner_.parameters(lines.messages[r] for r in rows), strict=True))
        # Numbers come with their unit attached ("12ms", "3.4s,"): what precedes it counts if the unit stays.
        out = {}
        for place, texts in enumerate(values, start=1):
            parts = pd.Series(texts, dtype="str").str.extract(r"^(-?\d+(?:\.\d+)?)([a-zA-Zµ%]{0,3})\.?$")
            if parts[0].notna().all() and parts[1].nunique() == 1:
                unit = str(parts[1].iloc[0])
                out[f"value {place} ({unit})" if unit else f"value {place}"] = pd.to_numeric(parts[0])
        return pd.DataFrame(out)


def _common(levels: list[str]) -> str:
    return min(Counter(levels).items(), key=lambda item: (-item[1], item[0]))[0] if levels else ""


def _spread(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if len(rows) <= _PARAMETER_LINES:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, _PARAMETER_LINES).astype("int64")])
