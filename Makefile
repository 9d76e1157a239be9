# limpet: every command sets up what it needs (tools/setup.sh). CI runs the same ones.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
code := $(wildcard src tests tools bench)
typed := $(wildcard src tools bench tests/support)
# each of these packages earns its coverage by itself
covered := wire packets auth session
floor := 95

.PHONY: help demo setup setup-check setup-test fmt lint types layers size mirror docs fuzz check test interop bench lock clean

help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

demo: ## an xterm in an encrypted session, and a screenshot of it
	@tools/setup.sh demo
	@$(python) tools/demo.py

setup: setup-test ## the environment and the Debian packages, without running anything

setup-check:
	@tools/setup.sh check

setup-test:
	@tools/setup.sh test

fmt: setup-check ## format the code, write what the documentation takes from it
	$(python) -m ruff format $(code)
	$(python) -m ruff check --fix $(code)
	$(python) tools/reference.py

lint: setup-check ## format and lint rules
	$(python) -m ruff format --check $(code)
	$(python) -m ruff check $(code)

types: setup-check ## mypy --strict
	$(python) -m mypy $(typed)

layers: setup-check ## which package may import which
	.venv/bin/lint-imports --no-cache

size: setup-check ## modules, classes and functions that grew too long
	$(python) tools/size.py

mirror: setup-check ## every module of the core has its own tests
	$(python) tools/mirror.py

docs: setup-check ## links in the documentation
	$(python) tools/doclinks.py

fuzz: setup-check ## 60 seconds of malformed input
	$(python) -m tests.fuzz.run --seconds 60

check: lint types layers size mirror docs fuzz ## all of lint, types, layers, size, mirror, docs, fuzz

test: setup-test ## all tests that need no other xpra, and the coverage of the core
	@rm -f .coverage
	$(python) -m coverage run -m pytest --ignore=tests/interop
	@for package in $(covered); do \
	    echo "coverage of limpet.$$package, lines and branches, at least $(floor)%:"; \
	    $(python) -m coverage report --include="src/limpet/$$package/*" --fail-under=$(floor) || failed+=" $$package"; \
	done; \
	if [ -n "$${failed:-}" ]; then echo "coverage below $(floor)%:$$failed" >&2; exit 1; fi

interop: setup-test ## tests with stock xpra 3.1.3, 6.2.5 and 6.5.5, which are made on the first run
	tools/peers.py
	@# Stock clients crash by themselves now and then (6.5.5's splash dies of a broken pipe): what failed runs once more.
	$(python) -m pytest tests/interop || { \
	    echo "limpet: once more, only what failed"; \
	    $(python) -m pytest --last-failed --last-failed-no-failures=none tests/interop; \
	}

bench: setup-test ## measurements beside Debian's xpra
	tools/peers.py 3.1.3
	$(python) -m bench

lock: setup-check ## write the lock files anew; UPGRADE=1 takes the newest versions
	tools/lock.sh

clean: ## remove the environment and what tools left
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build dist
