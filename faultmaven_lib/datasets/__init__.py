"""Recorded incidents: logs, metrics, changes, alert and graph of a real system that was broken on purpose.

Examples
--------
>>> from faultmaven_lib import datasets
>>> datasets.list_incidents()
['checkout-stall', 'healthy']
"""

from faultmaven_lib.datasets.recorded import list_incidents, load_incident, load_truth

__all__ = ["list_incidents", "load_incident", "load_truth"]
