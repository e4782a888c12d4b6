"""The alerts of the shop: symptoms that its customers feel, the same for every recording."""

from __future__ import annotations

from typing import Any

_LATENCY = {  # alert: service, what of it, quantile, objective in seconds
    "CatalogLatencyHigh": ("catalog", 'handler=~"/.+"', 0.95, 0.4, "Catalog answers slowly"),
    "CartLatencyHigh": ("cart", 'handler=~"/.+"', 0.95, 0.4, "Cart answers slowly"),
    "CheckoutLatencyHigh": ("checkout", 'method="POST"', 0.99, 2.5, "Checkout answers slowly"),
    "OrderHistoryLatencyHigh": ("checkout", 'method="GET"', 0.5, 0.15, "The order history is slow"),
}
_ERRORS = {"catalog": 0.05, "cart": 0.05, "checkout": 0.12}  # what share of requests may fail
_QUEUES = {"invoices": "orders", "mailer": "mails"}


def _alert(name: str, service: str, expression: str, seconds: int, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": f"{seconds}s",
        "labels": {"severity": "page", "team": "shop", "service": service},
        "annotations": {
            "summary": summary,
            "description": description,
            "runbook_url": f"https://runbooks.shop.example.com/{name}",
        },
    }


def rules() -> list[dict[str, Any]]:
    """What the shop is paged for: its objectives, the same for every recording."""
    found = []
    for name, (service, what, quantile, objective, summary) in _LATENCY.items():
        found.append(
            _alert(
                name,
                service,
                f"histogram_quantile({quantile}, sum by (service, le) "
                f'(rate(http_request_duration_seconds_bucket{{service="{service}", {what}}}[30s]))) > {objective}',
                9,
                summary,
                f'{quantile:.0%} of requests are answered within {{{{ printf "%.1f" $value }}}} s, '
                f"the objective is {objective} s.",
            )
        )
    for service, share in _ERRORS.items():
        of = f'service="{service}"'
        found.append(
            _alert(
                f"{service.title()}ErrorsHigh",
                service,
                f'sum by (service) (rate(http_requests_total{{{of}, status=~"5.."}}[30s])) '
                f"/ sum by (service) (rate(http_requests_total{{{of}}}[30s])) > {share}",
                9,
                f"{service.title()} answers with errors",
                "It answers {{ $value | humanizePercentage }} of its requests with an error.",
            )
        )
    orders = 'service="checkout", method="POST", handler="/orders"'
    found.append(
        _alert(
            "OrdersRefused",
            "checkout",
            f'1 - sum by (service) (rate(http_requests_total{{{orders}, status="201"}}[40s])) '
            f"/ sum by (service) (rate(http_requests_total{{{orders}}}[40s])) > 0.5",
            9,
            "Most orders are not taken",
            "{{ $value | humanizePercentage }} of the orders sent are not placed.",
        )
    )
    for service, queue in _QUEUES.items():
        found.append(
            _alert(
                f"{queue.title()}QueueGrows",
                service,
                f'max by (service) (queue_messages_waiting{{service="{service}"}}) > 12',
                9,
                f"The queue of {queue} grows",
                "{{ $value }} messages wait.",
            )
        )
    found.append(
        _alert(
            "ShopUnavailable",
            "nginx",
            'avg_over_time(probe_success{service="nginx"}[30s]) < 0.8',
            6,
            "The shop does not always answer",
            "Only {{ $value | humanizePercentage }} of the probes from outside succeed.",
        )
    )
    return found
