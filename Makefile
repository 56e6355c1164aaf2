# `make` alone lists the targets.
PYTHON ?= python3.11
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
CORES := $(shell cores=$$(nproc); echo $$((cores > 4 ? 4 : cores)))
# Processes that run tests, about 1 GB each; more of them would disturb the tests that measure times.
WORKERS ?= $(CORES)
# Python keeps what it has compiled, whatever the shell says: each process that loads torch would compile it anew.
unexport PYTHONDONTWRITEBYTECODE
# glibc keeps freed memory for the next large array, which the kernel would else have to fill with noughts again.
tests test-fast: export MALLOC_MMAP_THRESHOLD_ = 33554432
tests test-fast: export MALLOC_TRIM_THRESHOLD_ = 4000000000

.DEFAULT_GOAL := help
.PHONY: help install lock demo client collection services test tests test-fast test-oscar check lint types backup restore bench gpu pictures clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 12

install: $(VENV)/.installed ## the virtual environment with everything that is pinned, each file by its hash

$(VENV)/.installed: requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say make PYTHON=..."; exit 1; }
	@echo "Installing the pinned packages into $(VENV): some minutes, 6 GB with CUDA's libraries"
	@began=$$(date +%s); $(PYTHON) -m venv $(VENV) \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock \
		&& touch $@ && echo "    $$(($$(date +%s) - began)) s  installed"

# What has a version keeps it; --universal: for each architecture and Python 3.11 or later.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
	--custom-compile-command "make lock"
lock: install ## requirements*.lock anew, after a change of requirements*.txt
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) docker/requirements-web.txt --constraint requirements.lock --output-file docker/requirements-web.lock
	$(LOCK) docker/requirements-worker.txt --constraint requirements.lock --output-file docker/requirements-worker.lock
	$(LOCK) docker/requirements-encoders.txt --constraint requirements.lock --output-file docker/requirements-encoders.lock

demo: install ## the whole shop on http://127.0.0.1:$(PORT)/ ; CATALOG=path [INTERACTIONS=path] [LIMIT=n] for real products, EMPTY=yes for none, DESIGNS=no to train no generator
	@exec $(BIN)/python -m visrec_site.demo --stop-with-parent --port $(PORT) \
		$(if $(CATALOG),--catalog "$(CATALOG)") $(if $(INTERACTIONS),--interactions "$(INTERACTIONS)") $(if $(LIMIT),--limit $(LIMIT)) \
		$(if $(filter yes,$(EMPTY)),--empty) $(if $(filter no,$(DESIGNS)),--no-designs)

services: install ## only PostgreSQL and Valkey, for manage.py
	@exec $(BIN)/python -m visrec_site.embedded --stop-with-parent

test: install lint ## all checks and all tests, on servers that they start themselves: minutes
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests: install
	$(BIN)/python -m pytest -n $(WORKERS)

test-fast: install ## the quick tests: no training, no browser, nothing that takes seconds
	$(BIN)/python -m pytest -n $(CORES) -m "not slow and not browser"

check: lint types ## the linter, the format, the import contracts, the words, the migrations and the types

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.check_words
	$(BIN)/python -W ignore manage.py makemigrations --check --dry-run

types: install
	$(BIN)/mypy

backup: install ## the shop, in use or not, in one file; TO=path, or visrec-DATE.tar here
	@$(BIN)/python manage.py backup "$(or $(TO),visrec-$(shell date +%Y%m%d-%H%M%S).tar)"

restore: install ## the shop of a backup, into an empty var/: FROM=path
	@$(BIN)/python manage.py restore "$(or $(FROM),$(error name the backup: make restore FROM=path))"

bench: install ## the benchmarks; tables here, figures in var/bench/*.json
	$(BIN)/python -m tests.benchmarks

gpu: install ## what only a CUDA card can show: its tests, and the training loop of each method on synthetic data; figures in var/bench/gpu.json
	@mkdir -p var/bench
	$(BIN)/python -m pytest -q -rs -c /dev/null --rootdir=. --noconftest -p no:django -W ignore::pytest.PytestUnknownMarkWarning tests/ml/test_cuda.py
	$(BIN)/python -m ml gpu --json var/bench/gpu.json

pictures: install ## the README's pictures, taken anew in chromium
	$(BIN)/python -m tests.shop.pictures

client: client/openapi.json ## visrec-client, the typed client of the API with the Django app, as a wheel in client/dist
	$(BIN)/openapi-python-client generate --path client/openapi.json --config client/generate.yml \
		--output-path client/visrec_client/rest --meta none --overwrite --fail-on-warning
	rm -rf client/build client/dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir client/dist ./client

collection: client/openapi.json ## a collection of all requests for Postman, HTTPie Desktop, Insomnia and Bruno, in client/dist
	$(BIN)/python client/postman.py client/openapi.json client/dist/visrec.postman_collection.json

.PHONY: client/openapi.json
client/openapi.json: install
	$(BIN)/python -W ignore manage.py spectacular --format openapi-json --file client/openapi.json

test-oscar: client ## django-oscar with the Django app, in an environment of its own, var/oscar; SANDBOX=path for its sandbox's catalogue
	$(PYTHON) -m venv var/oscar
	var/oscar/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps client/dist/*.whl
	var/oscar/bin/python -m pip install --quiet --disable-pip-version-check --requirement client/oscar/requirements.txt client/dist/*.whl
	OSCAR_PYTHON=$(CURDIR)/var/oscar/bin/python $(if $(SANDBOX),OSCAR_SANDBOX=$(abspath $(SANDBOX))) $(BIN)/python -m pytest -q tests/client/test_oscar.py

clean: ## remove the demo's data and the virtual environment
	rm -rf var $(VENV)
