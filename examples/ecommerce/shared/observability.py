"""What operators see of a service: its health, its metrics and its log."""

import logging
import time

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry, Counter, Histogram, make_asgi_app


def instrument(app: FastAPI, service: str, log_level: str = "INFO") -> None:
    """Adds `GET /health` and `GET /metrics`, and counts and times every request."""
    logging.basicConfig(
        level=log_level,
        format=f"%(asctime)s {service} %(levelname)s %(name)s: %(message)s",
    )
    registry = CollectorRegistry()
    requests = Counter(
        "http_requests_total",
        "Requests answered",
        ["service", "method", "route", "status"],
        registry=registry,
    )
    seconds = Histogram(
        "http_request_seconds", "Time to answer", ["service", "route"], registry=registry
    )

    @app.middleware("http")
    async def measure(request: Request, call_next):
        begun = time.perf_counter()
        status = 500  # the caller's answer when a handler raises
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            # The route's pattern, not the path: a label for each id would never end.
            route = getattr(request.scope.get("route"), "path", "unmatched")
            requests.labels(service, request.method, route, status).inc()
            seconds.labels(service, route).observe(time.perf_counter() - begun)

    @app.get("/health", tags=["operations"])
    def health() -> dict[str, str]:
        return {"service": service, "status": "ok"}

    app.mount("/metrics", make_asgi_app(registry))
