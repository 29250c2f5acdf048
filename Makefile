# One room for every command a person types; `make` alone lists them.
.DEFAULT_GOAL := help
VENV := .venv
PYTHON ?= python3.11
RUN := $(VENV)/bin
# Hundreds of processes of tests import the same modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test soak bench lint audit sbom lock

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

install: $(VENV)/.installed  ## .venv with locked, hashed dependencies

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: install  ## a believable business in a running portal
	$(RUN)/python -m demo

lint: install
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

audit: install  ## known vulnerabilities of the dependencies, where that can be asked
	.ci/audit

SBOM := sbom.json
sbom: install  ## what the product is built from, as CycloneDX: sbom.json
	$(RUN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file $(SBOM) requirements.lock

test: lint audit sbom  ## lint, types, layers, dependencies, every test, on real servers
	# Three at a time, each with a stack of its own: with two, a fifth of two cores had nothing to do.
	$(RUN)/pytest --numprocesses 3 --dist worksteal

REPEATING := tests/integration/security/test_tenant_isolation.py tests/integration/test_sample.py \
	tests/integration/rebuild/test_switching_under_load.py tests/integration/test_live_faults.py
soak: install  ## the tests that repeat what chance decides, much longer than `make test` does
	SOAK=1 $(RUN)/pytest --numprocesses 3 --dist worksteal $(REPEATING)

bench: install  ## the benchmarks, or PARTS="rebuild memory" of them: a table, and bench.json
	$(RUN)/python -m bench $(PARTS)

lock:  ## brings the locked versions up to date
	uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-header --no-annotate -q --upgrade -o requirements.lock
	uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header --no-annotate -q --upgrade -o requirements-dev.lock
