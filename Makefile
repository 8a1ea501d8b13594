# FlowDesk: everything a person or a CI job needs, from a fresh checkout with Python 3.11+ and make.
# No target needs root, Docker or anything installed beforehand; each may be run again at any time.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run demo test check lint types contracts format test-long bench docs lock clean venv venv-dev

PY := .venv/bin/python
# One test process more than there are processors: many tests wait for processes they started.
TESTERS := $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1 ))
CODE := flowdesk server engine plugins tests bench examples docs

help: ## Show this list
	@echo 'FlowDesk, make targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-10s %s\n", substr($$1, 3), $$2 }'
	@echo 'PYTHON=/path/to/python3.12 make run  chooses the interpreter of a new .venv.'

run: venv ## Open FlowDesk (makes .venv and installs what it needs first)
	@exec .venv/bin/flowdesk

demo: venv ## Show it all in half a minute: webhook, retry, cron, kill -9 and recovery
	@exec $(PY) -P -m examples.demo

# A CI machine stalls now and then. There a test that failed gets one more try, alone; the first report stays printed,
# and a test that needs its second try is a bug to mend (docs/testing.md).
test: venv-dev check ## Run every check and every test
	@$(PY) -m pytest -n $(TESTERS) $(PYTEST) || { code=$$?; \
	  if [ -z "$$CI" ] || [ $$code -ne 1 ]; then exit $$code; fi; \
	  echo 'CI: what failed once more, one test at a time'; \
	  exec $(PY) -m pytest -n 0 --last-failed --last-failed-no-failures none $(PYTEST); }

check: lint types contracts ## Style, types and import contracts, without the tests

lint: venv-dev ## ruff: rules and formatting
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m ruff format --check $(CODE)

types: venv-dev ## mypy, strict
	@$(PY) -m mypy

contracts: venv-dev ## Which part of the house may import which
	@.venv/bin/lint-imports

format: venv-dev ## Put the code into its form
	@$(PY) -m ruff check --fix $(CODE)
	@$(PY) -m ruff format $(CODE)

test-long: venv-dev ## The crash and load loops that run for minutes
	@exec $(PY) -m pytest -n auto -m long --timeout 1800 $(PYTEST)

bench: venv-dev ## Measure, beside the raw ceilings of this machine (QUICK=1: a short round)
	@exec $(PY) -m bench $(if $(QUICK),--quick) $(BENCH)

docs: venv-dev ## Write the generated parts of docs/ and .env.example again
	@$(PY) -m docs.generate

lock: venv-dev ## Resolve the dependencies of pyproject.toml again (UPGRADE=1: to the newest allowed)
	@$(PY) -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@$(UV_COMPILE) --group build -o requirements.lock
	@$(UV_COMPILE) --group build --group dev -c requirements.lock -o requirements-dev.lock
	@echo 'requirements.lock and requirements-dev.lock are up to date with pyproject.toml'

clean: ## Remove .venv, caches and build products (never your data)
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

UV_COMPILE = .venv/bin/uv pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) pyproject.toml

venv:
	@PYTHON='$(PYTHON)' sh .ci/venv run requirements.lock

venv-dev:
	@PYTHON='$(PYTHON)' sh .ci/venv dev requirements-dev.lock
