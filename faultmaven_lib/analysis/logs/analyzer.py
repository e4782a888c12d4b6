"""LogAnalyzer: what the lines of an incident say that those of the baseline do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs import sentences
from faultmaven_lib.analysis.logs.counts import Counts, change_of_rate, count_changes
from faultmaven_lib.analysis.logs.digests import Digest, moment_of
from faultmaven_lib.analysis.logs.groups import Groups, Pair, Side
from faultmaven_lib.analysis.logs.lines import Array, is_severe, level_weight, lines_that_count
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.logs.rewording import Candidate, rewordings
from faultmaven_lib.analysis.logs.shifts import ValueShift, narrowest, value_shifts
from faultmaven_lib.analysis.statistics import discretely_adjusted
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, FindingKind, Operation, Window

VERSION = 3
_OF_VALUES = 0.1
"""The share of ``alpha`` that values have: what they say is as often a wave of the load as a change."""
Log = pd.DataFrame | Digest | Iterable[pd.DataFrame]
"""A frame of logs, frames that follow one another, or what was kept of them."""


class LogAnalyzer(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Compare the log of an incident with that of one or several baselines.

    Templates are mined from all together and their rates compared by an exact test for two Poisson counts that takes
    burstiness into account; numbers and categories among the fields, and behind the ``<*>`` of templates, are
    compared by ranks and shares. All comparisons are corrected together (Benjamini and Hochberg, 1995), and a
    finding also needs an effect of some size, so that two healthy windows give none. A message that a release words
    in another way is matched to its old template and counted with it. With several baselines, a finding is what
    differs from each of them, as it is against the one that it differs from least.

    Logs may be frames or, where they are large, streams of frames: memory stays bounded.

    Parameters
    ----------
    alpha
        False discovery rate.
    min_ratio
        Smallest factor by which a rate or a share has to change. Of a quantile, which moves less than the lines that
        are slower, its root is enough.
    min_lines
        A rate has to differ by at least so many lines from what was expected. A new template of level error
        is reported from its third line on, of level fatal from its first, if the baseline of the service has
        no errors that came once.
    max_findings
        Bound on what is returned.

    Attributes
    ----------
    miner_ : TemplateMiner
        After ``compare``: the templates of all windows.

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
        self, *, alpha: float = 0.05, min_ratio: float = 2.0, min_lines: int = 5, max_findings: int = 200
    ) -> None:
        self.alpha = alpha
        self.min_ratio = min_ratio
        self.min_lines = min_lines
        self.max_findings = max_findings

    def fit(
        self,
        baseline: Log | Sequence[Log],
        y: Any = None,  # noqa: ARG002  # scikit-learn's signature
        *,
        baseline_window: Window | Sequence[Window] | None = None,
    ) -> Self:
        """Take the baseline.

        Parameters
        ----------
        baseline
            A frame of logs as ``connect`` returns it, an iterator over frames as ``LogSource.frames`` returns, or a
            ``Digest``; for several baselines a list of these.
        baseline_window
            The window that it covers, if it is known; for several baselines, one each.
        """
        # An iterator over frames is one log; only a list or a tuple is several, which no type says.
        many = isinstance(baseline, list | tuple)
        logs: Sequence[Log] = baseline if isinstance(baseline, list | tuple) else [baseline]  # type: ignore[list-item]
        windows = baseline_window if isinstance(baseline_window, list | tuple) else [baseline_window] * len(logs)
        if len(windows) != len(logs) or not logs:
            raise ValueError(f"{len(logs)} baselines and {len(windows)} windows: give one window for each baseline")
        if many and baseline_window is not None and not isinstance(baseline_window, list | tuple):
            raise ValueError("several baselines have a window each: give a list of windows")
        self.baselines_ = [_digest(log, window) for log, window in zip(logs, windows, strict=True)]
        self._cited = cited(*(log for log in logs if isinstance(log, pd.DataFrame)))
        return self

    def compare(self, incident: Log, *, incident_window: Window | None = None) -> pd.DataFrame:
        """Return what differs in the incident, most striking first.

        Parameters
        ----------
        incident
            Logs (index ``time``; ``service``, ``level``, ``message``, ``line`` and parsed fields; any of the
            columns may be missing): a frame, an iterator over frames, or a ``Digest``.
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
        if not hasattr(self, "baselines_"):
            raise NotFittedError("this LogAnalyzer has no baseline yet: call fit(baseline) first")
        after = _digest(incident, incident_window)
        used = [before for before in self.baselines_ if before.lines]
        operation = Operation(name="logs.compare", parameters=self._parameters(after), version=VERSION)
        reason = ""
        findings: list[Finding] = []
        if not used:
            reason = "the baseline has no log lines to compare with"
        elif not after.lines and after.window is None:
            reason = "the incident has no log lines"
        else:
            findings = self._findings(used, after)
            reason = "" if findings else "no template and no value differs by more than chance and size allow"
        parents = dict.fromkeys((*self._cited, *(cited(incident) if isinstance(incident, pd.DataFrame) else ())))
        frame = findings_frame(findings[: self.max_findings], operation, parents)
        if reason:
            frame.attrs["reason"] = reason
        return frame

    def _parameters(self, after: Digest) -> dict[str, Any]:
        given: dict[str, Any] = self.get_params()
        known = [str(before.window) if before.window else None for before in self.baselines_]
        if any(known):
            given["baseline_window"] = known[0] if len(known) == 1 else known
        if len(known) > 1:
            given["baselines"] = len(known)
        if after.window:
            given["incident_window"] = str(after.window)
        return given

    def _findings(self, baselines: list[Digest], after: Digest) -> list[Finding]:
        self.miner_ = TemplateMiner().fit([])
        for side in (*baselines, after):
            self.miner_.merge(side.miner)
        groups = Groups(self.miner_)
        incident = groups.of(after)
        calm = [groups.of(before) for before in baselines]
        values = list(value_shifts(calm, incident, groups, self.min_ratio))
        reworded = dict(self._rewordings(calm, incident, groups))
        told = [side.renamed(reworded, len(groups.keys)) for side in (*calm, incident)]
        counts = [count_changes((s.digest, s.lines), (after, told[-1].lines), len(groups.keys)) for s in told[:-1]]
        nearest, p = _least_changed(counts)
        pairs = [Pair(told[near], told[-1], counts[near], group) for group, near in enumerate(nearest.tolist())]
        q = _adjusted(p, pairs)
        errors = self._new_errors(pairs, groups)
        findings = []
        new_of = {old: new for new, old in reworded.items()}
        for pair in pairs:
            group = pair.group
            if not pair.was + pair.now:
                continue
            found = self._count_finding(pair, groups, float(q[group]), novel=group in errors)
            if found is not None:
                findings.append(found)
            if group in new_of:
                findings.append(self._reworded_finding(pair, incident, groups, new_of[group]))
        sure = [v.adjusted(q_value) for v, q_value in zip(values, _adjusted_values(values), strict=True)]
        for value in narrowest([v for v in sure if v.q < _OF_VALUES * self.alpha]):
            before = baselines[value.nearest]
            findings.append(sentences.of_value(before, after, value.service, value.template, value.shift, value.q))
        return sorted(findings, key=lambda f: (-f.score, f.service, f.kind.value, f.subject))

    def _new_errors(self, pairs: list[Pair], groups: Groups) -> set[int]:
        """Return the groups of errors that were never there, held against each other alone.

        An error counts before other lines do: not among all that the log says, but among its errors. One that ends the
        process counts at once.
        """
        severe = [pair for pair in pairs if is_severe(pair.level)]
        p, new = (np.array([getattr(pair.counts.change, name)[pair.group] for pair in severe]) for name in ("p", "new"))
        q = discretely_adjusted(p, np.full(len(severe), np.inf), new)
        return {
            pair.group
            for pair, q_value in zip(severe, q.tolist(), strict=True)
            if not pair.was
            and pair.now >= lines_that_count(pair.level)
            and (q_value < self.alpha or lines_that_count(pair.level) == 1)
            and groups.keys[pair.group][0] not in pair.before.noisy()
        }

    def _rewordings(self, calm: list[Side], incident: Side, groups: Groups) -> Iterator[tuple[int, int]]:
        """Yield new groups, each with the old one that it is in other words."""
        n = len(groups.keys)
        last = max(calm, key=lambda side: side.digest.bounds[1])
        usual = last.totals(n) / max(last.digest.length, 1e-9)
        known = np.sum([side.totals(n) for side in calm], axis=0)
        old, new = np.flatnonzero(usual), np.flatnonzero((known == 0) & (incident.totals(n) >= self.min_lines))
        candidates = []
        for group in (*old.tolist(), *new.tolist()) if len(new) else ():
            at, counts = incident.lines.of(group)
            candidates.append(
                Candidate(
                    group,
                    groups.keys[group][0],
                    (last if usual[group] else incident).level(group),
                    groups.text(group),
                    incident.digest.seconds(at),
                    counts,
                    float(usual[group]),
                )
            )
        return ((new, old) for old, new in rewordings(candidates, incident.digest.bounds[1]))

    def _count_finding(self, pair: Pair, groups: Groups, q: float, *, novel: bool) -> Finding | None:
        """State how a template's rate changed; None if it did not.

        ``novel`` says that an error which was never there is told even where chance might bring it.
        """
        before, after, was, now = pair.before, pair.after, pair.was, pair.now
        scale = after.digest.length / before.digest.length
        sure = self._is_sure(pair, q)
        if not sure and not (novel and scale < 5):
            return None
        first, example = (after if now else before).example(pair.group)
        if not was:
            kind, onset = FindingKind.NEW_TEMPLATE, moment_of(first)
        elif not now:
            kind, onset = FindingKind.GONE_TEMPLATE, after.digest.start
        else:
            up = pair.ratio > 1
            kind = FindingKind.SURGE if up else FindingKind.DIP
            at, events = after.lines.of(pair.group)
            seconds = after.digest.seconds(at)
            place = change_of_rate(seconds, events, was / before.digest.length, *after.digest.bounds, up=up)
            onset = moment_of(at[place].item()) if place >= 0 else after.digest.start
        return sentences.of_count(
            before.digest,
            after.digest,
            kind,
            groups.keys[pair.group][0],
            groups.text(pair.group),
            onset,
            (was, now),
            score=10 * np.log10(1 + abs(pair.deviation)) * level_weight(pair.level),
            # A critical line is told for its severity: how often it came says nothing of it.
            p=q if sure or lines_that_count(pair.level) > 1 else None,
            example=example,
        )

    def _reworded_finding(self, pair: Pair, incident: Side, groups: Groups, new: int) -> Finding:
        """State that a template is worded in another way."""
        first, example = incident.example(new)
        texts = groups.text(pair.group), groups.text(new)
        service = groups.keys[new][0]
        counts = pair.was, pair.now
        return sentences.of_rewording(
            pair.before.digest, pair.after.digest, service, texts, moment_of(first), counts, example
        )

    def _is_sure(self, pair: Pair, q: float) -> bool:
        large = abs(pair.excess) >= self.min_lines and max(pair.ratio, 1 / pair.ratio) >= self.min_ratio
        return q < self.alpha and large


def _digest(log: Log, window: Window | None) -> Digest:
    if isinstance(log, Digest):
        return log
    digest = Digest(window)
    for frame in [log] if isinstance(log, pd.DataFrame) else log:
        digest.update(frame)
    return digest


def _least_changed(counts: list[Counts]) -> tuple[Array, Array]:
    """Return for every group the baseline that it differs least from, and the p-value there.

    What is more than in one baseline and less than in another is no change.
    """
    p = np.stack([c.change.p for c in counts])
    signs = np.stack([np.sign(c.change.deviation) for c in counts])
    nearest = p.argmax(axis=0)
    return nearest, np.where((signs == signs[0]).all(axis=0), p.max(axis=0), 1.0)


def _adjusted(p: Array, pairs: list[Pair]) -> Array:
    """Return the p-values of all groups, adjusted for their number."""
    changes = [(pair.counts.change, pair.group) for pair in pairs]
    least = [change.least[group] for change, group in changes]
    alone = [probability[group] for change, group in changes for probability in (change.new, change.gone)]
    return discretely_adjusted(p, np.array(least), np.array(alone))


def _adjusted_values(values: list[ValueShift]) -> list[float]:
    """Return the p-values of all values, adjusted for their number."""
    p, least, new = (np.array([getattr(v.shift, name) for v in values]) for name in ("p", "least", "new"))
    return [float(q) for q in discretely_adjusted(p, least, new)]
