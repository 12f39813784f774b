# Deals. `make help` lists the targets.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
CHROMIUM_OF_PLAYWRIGHT = $(BIN)/python -c "from playwright.sync_api import sync_playwright as p; \
	b = p().start(); print(b.chromium.executable_path); b.stop()" 2>/dev/null

.DEFAULT_GOAL := help
.PHONY: help install run test check format browser bench soak assets lock

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Stamps: an environment is made again only when what it is made from has changed.
$(VENV)/.installed: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Local copies of the scripts, where npm is found; without it the CDN serves them.
$(VENV)/.assets: package-lock.json
	@if command -v npm >/dev/null 2>&1; then npm ci --ignore-scripts --silent && npm run --silent assets; \
	else echo "npm was not found: scripts come from the CDN"; fi
	@mkdir -p $(VENV) && touch $@

assets: ## local copies of htmx and Sortable
	@rm -f $(VENV)/.assets && $(MAKE) --no-print-directory $(VENV)/.assets

install: $(VENV)/.installed $(VENV)/.assets ## the environment; afterwards .venv/bin/deals exists

run: install ## everything on http://127.0.0.1:8000 (PORT=8000)
	@exec $(BIN)/deals up --port $(PORT)

check: $(VENV)/.installed-dev ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(VENV)/.installed-dev ## write the format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(VENV)/.installed-dev $(VENV)/.assets browser ## the whole suite, browser included
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The browser of the tests (tests/browser/conftest.py looks in the same places, in the same order).
browser: $(VENV)/.installed-dev ## find a Chromium for the tests, or get one
	@if [ -n "$$CHROMIUM" ]; then \
		test -x "$$CHROMIUM" || { echo "CHROMIUM=$$CHROMIUM is no program" >&2; exit 1; }; \
	elif command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif test -x "$$($(CHROMIUM_OF_PLAYWRIGHT))"; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "No Chromium found: installing the distribution's"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else \
		echo "No Chromium found: fetching Playwright's"; \
		$(BIN)/playwright install chromium || { \
			echo "Install chromium or google-chrome, or set CHROMIUM to the program of one." >&2; exit 1; }; \
	fi

lock: $(VENV)/.installed-dev ## newer versions into requirements*.txt
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --quiet --upgrade --python-version 3.11 \
		--extra embedded pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --quiet --upgrade --python-version 3.11 \
		--extra embedded --group dev pyproject.toml -o requirements-dev.txt

bench: $(VENV)/.installed-dev ## the benchmark table and bench.json
	$(BIN)/python -m bench

soak: $(VENV)/.installed-dev $(VENV)/.assets ## the long ones, by hand
	$(BIN)/python -m pytest tests/soak
