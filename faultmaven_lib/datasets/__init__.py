"""Recorded incidents: logs, metrics, traces, changes, alert and graph of a real system that was broken on purpose.

Sixteen come with the package: one of each of fourteen kinds of fault, and two in which nothing is wrong. All but two
are called by a number, since a name would tell.

Examples
--------
>>> from faultmaven_lib import datasets
>>> datasets.list_incidents()[:3]
['checkout-stall', 'healthy', 'shop-02']
"""

from faultmaven_lib.datasets.recorded import list_incidents, load_incident, load_truth

__all__ = ["list_incidents", "load_incident", "load_truth"]
