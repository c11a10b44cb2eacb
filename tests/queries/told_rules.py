"""A server that tells the alerting rules that a test wants Prometheus to have."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

AT = "2026-11-23T02:14:00.123456789Z"


def alert(state: str = "firing", value: str = "1e+00", **more: Any) -> dict[str, Any]:
    """One alert as Prometheus tells it; labels and annotations of the rule are added where none are given."""
    return {"state": state, "value": value, "activeAt": AT, **more}


def rule(name: str, *alerts: dict[str, Any], severity: str | None = "warning", **notes: str) -> dict[str, Any]:
    """One rule with its annotations; its state is that of its worst alert. health and error are no annotations."""
    health, error = notes.pop("health", "ok"), notes.pop("error", "")
    labels = {"severity": severity} if severity else {}
    told = [
        {"labels": {"alertname": name, **labels, **one.pop("about", {})}, "annotations": notes, **one}
        for one in map(dict, alerts)
    ]
    states = [one["state"] for one in told]
    state = next((worst for worst in ("firing", "pending") if worst in states), "inactive")
    beside = {"lastError": error} if error else {}
    return {"name": name, "state": state, "health": health, "labels": labels, "annotations": notes,
            "alerts": told, "type": "alerting", **beside}  # fmt: skip


@contextmanager
def telling(rules: Sequence[Mapping[str, Any]] | object, metrics: Collection[str] = ()) -> Iterator[str]:
    """Its address; of the metrics that are asked for, these have a value now."""

    def result(query: str) -> list[dict[str, Any]]:
        found = [name for name in metrics if re.search(rf"\b{name}\b", query)]
        return [{"metric": {"__name__": name}, "value": [1_700_000_000, "1"]} for name in found]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path.endswith("/rules"):
                data: dict[str, Any] = {"groups": [{"name": "g", "rules": rules}] if rules else []}
            else:
                data = {"resultType": "vector", "result": result(parse_qs(address.query)["query"][0])}
            body = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output readable."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
