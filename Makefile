# cartwake: `make` alone lists what can be made.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
CODE = $(wildcard runtime schemas collector streams sinks board bench examples tests sdk/python)

.DEFAULT_GOAL := help
.PHONY: help setup clients demo up test lint test-py test-js clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: ## .venv, locked packages, Kafka's jars; only the first run needs the network
	@$(PYTHON) -m runtime.bootstrap $(if $(filter file,$(origin PYTHON)),,--this-python)

demo: setup ## the whole of cartwake with a shop full of simulated shoppers (ARGS="--help" for its options)
	@$(BIN)/cartwake demo $(ARGS)

up: setup ## the whole of cartwake on this machine, until Ctrl-C
	@$(BIN)/cartwake up $(ARGS)

test: lint test-py test-js ## everything CI runs: lint, types, tests

lint: setup ## ruff, its formatter, mypy --strict
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	cd sdk/python && ../../$(BIN)/mypy

# Other trackers' published Node clients, which the collector is tested with. npm writes the file when it is done.
CLIENTS = tests/clients/node_modules/.package-lock.json
clients: $(CLIENTS)

$(CLIENTS): tests/clients/package-lock.json
	@if command -v npm >/dev/null && cd tests/clients && npm ci --ignore-scripts --no-audit --no-fund --silent; then touch node_modules/.package-lock.json; \
	elif [ "$$CI" = true ]; then echo "the Node clients could not be installed" >&2; exit 1; \
	else echo "no Node clients (npm or the network is missing): their tests are skipped"; fi

# Files in the order of their folders: e2e and service tests, long and few in a file, come first, so that at the end no process waits
# for the other one's. xdist's own order, most tests first, has them last. Three processes on two cores: service tests wait a quarter of
# their time for others.
test-py: setup clients
	$(BIN)/python -m runtime.browser --install
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 12 $(ARGS)

# The SDK's own tests; skipped where node is missing or the SDK is not there.
test-js: setup
	@if [ -f sdk/js/package.json ] && command -v node >/dev/null; then cd sdk/js && npm test; \
	elif [ "$$CI" = true ] && [ -f sdk/js/package.json ]; then echo "node is missing" >&2; exit 1; \
	else echo "sdk/js: nothing to test here (node or the SDK is missing)"; fi

clean: ## remove what was built and all local data, but not .venv and Kafka's jars
	rm -rf .cartwake build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path './.git/*' -prune -exec rm -rf {} +
