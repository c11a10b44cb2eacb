# The two that matter: `make demo` opens the console on live data, `make test` runs every test.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PORT ?= 8501
BIN := .venv/bin
# Else each of the many processes of a demo or a test run compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-reset test check audit sbom format bench soak messages lock

help:            ## what there is
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1\t/' | expand -t 24

.venv/ready: requirements.lock pyproject.toml scripts/install
	@scripts/install packages

demo: .venv/ready ## the console on real, live data at http://localhost:8501 (PORT=… to choose)
	@scripts/install prometheus optional
	@exec $(BIN)/python -m demo --port $(PORT)

demo-reset: .venv/ready ## forget the demo's data; the next `make demo` makes it anew
	@$(BIN)/python -m demo --reset

test: .venv/ready ## every test, on real parts
	@scripts/install prometheus
	@scripts/install nginx
	@scripts/install postgres
	@scripts/install chromium
	@scripts/install pdf
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/ready ## lint, types, import contracts, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r dashboard pages queries actions service

audit: .venv/ready ## known vulnerabilities of every locked package (AUDIT=strict fails where nobody can be asked)
	$(BIN)/python scripts/audit

sbom: .venv/ready ## what the console is made of, with licences, as build/sbom.cdx.json
	@$(BIN)/uv venv -q --clear build/runtime
	@$(BIN)/uv pip install -q --python build/runtime --require-hashes -r requirements-runtime.lock
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --validate \
		--output-file build/sbom.cdx.json build/runtime/bin/python

format: .venv/ready ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready ## the figures in benchmarks/, each as a ratio measured in one run
	@scripts/install prometheus
	@scripts/install postgres
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

soak: .venv/ready ## VIEWERS=20 look at the console for MINUTES=30 while its sources fail (SEED=… to repeat)
	@scripts/install prometheus
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),30) --viewers $(or $(VIEWERS),20) $(if $(SEED),--seed $(SEED))

messages: .venv/ready ## bring the language catalogues up to date with the code
	$(BIN)/python -m dashboard.i18n extract

lock: .venv/ready ## resolve the dependencies anew
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --all-extras --upgrade -q pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes -q pyproject.toml \
		--constraint requirements.lock -o requirements-runtime.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes -q --group service-image \
		--constraint requirements.lock -o requirements-service.lock
	echo uv | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --upgrade -q - -o requirements-bootstrap.lock
