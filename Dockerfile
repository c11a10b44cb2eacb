# The console alone: not the reference service, not the demo. docs/operating.md tells how it is run.
FROM python:3.11-slim-bookworm AS build
WORKDIR /console
COPY requirements-bootstrap.lock requirements-runtime.lock ./
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-bootstrap.lock \
    && .venv/bin/uv pip install --no-cache --python .venv/bin/python --require-hashes --compile-bytecode \
        -r requirements-runtime.lock
COPY pyproject.toml README.md ./
COPY .streamlit/config.toml .streamlit/
COPY actions actions
COPY dashboard dashboard
COPY docs docs
COPY migrations migrations
COPY pages pages
COPY queries queries
RUN .venv/bin/uv pip install --no-cache --python .venv/bin/python --no-deps --editable . \
    && .venv/bin/python -m compileall -q actions dashboard migrations pages queries

FROM python:3.11-slim-bookworm
# What WeasyPrint prints the weekly report with, and fonts for it. Debian keeps one version of each a release, which
# gets security fixes under a new number: pinning it would make the build fail on each of them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-dejavu-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /console
COPY --from=build /console /console
# Nothing is written but below /tmp, so that the root file system may be read-only.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib XDG_CACHE_HOME=/tmp/cache PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    PATH=/console/.venv/bin:$PATH PORT=8501
USER 10001:10001
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["ops-dashboard"]
CMD ["serve", "--host", "0.0.0.0"]
