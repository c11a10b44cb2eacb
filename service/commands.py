"""What the commands that speak HTTP do."""

from __future__ import annotations

import json
import sys

import uvicorn

from service import database
from service.api import create_app
from service.settings import Settings

API_CONNECTIONS = 10


def serve_api(settings: Settings) -> None:
    """Serve HTTP until SIGTERM or SIGINT."""
    database.migrate(settings)
    app = create_app(settings, database.pool(settings, size=API_CONNECTIONS, name="api"))
    uvicorn.run(
        app, host=settings.host, port=settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=5
    )


def print_api_document(settings: Settings) -> None:
    """Write the OpenAPI document to standard output."""
    document = create_app(settings, database.pool(settings, size=1, name="openapi")).openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
