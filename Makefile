# `make test` is everything that a change must pass; `make test-full` what takes longer; `make bench` the figures in docs/.

PYTHON ?= python3
VENV := .venv

.PHONY: help build run test test-full lint deny test-rust test-python test-contract test-deploy image-test fuzz bench bench-parts openapi clean

help:
	@echo "make run        build and serve on http://localhost:5000"
	@echo "make test       install what the tests need, run everything"
	@echo "make test-full  the same with many more random cases and failovers, in release mode, and the image"
	@echo "make test-deploy of make test the part that is about deploying and watching"
	@echo "make image-test builds the image without a registry, and runs it; takes root and Debian 12"
	@echo "make fuzz       every decoder for a minute each; needs a nightly toolchain (rustup toolchain install nightly)"
	@echo "make openapi    write docs/openapi.json from the code"
	@echo "make bench      the figures of docs/PERFORMANCE.md, on this machine; takes ten minutes"
	@echo "make bench-parts what single parts of it cost: the other figures of docs/OPERATIONS.md"

build:
	cargo build --release --locked

run:
	cargo run --release --locked

test: lint deny test-rust test-python test-contract test-deploy

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --no-default-features --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

deny: $(VENV)/stamp
	VENV=$(VENV) scripts/deny

test-rust: $(VENV)/stamp
	VENV=$(VENV) scripts/test-rust

test-python: $(VENV)/stamp
	cargo build --locked
	scripts/test-python $(VENV)/bin/python target/debug/spake-service

test-contract: $(VENV)/stamp
	cargo build --locked
	scripts/test-contract $(VENV)/bin target/debug/spake-service

test-full: test
	PROPTEST_CASES=5000 SPAKE_TEST_ROUNDS=10 VENV=$(VENV) scripts/test-rust --release
	VENV=$(VENV) scripts/image-test

image-test: $(VENV)/stamp
	VENV=$(VENV) scripts/image-test

test-deploy: $(VENV)/stamp
	cargo build --locked
	scripts/test-deploy $(VENV)/bin target/debug/spake-service

fuzz: $(VENV)/stamp
	VENV=$(VENV) scripts/fuzz

# Arguments in BENCH: make bench BENCH="--scale 1000000"
bench:
	PYTHON=$(PYTHON) scripts/bench --json target/performance.json $(BENCH)

bench-parts: build
	cargo bench --locked -p spake-protocol
	cargo bench --locked

$(VENV)/stamp: clients/python/pyproject.toml scripts/python-env
	PYTHON=$(PYTHON) scripts/python-env $(VENV)
	touch $@

# The API's document, for review; a test compares it with what the service says.
openapi:
	cargo build --locked
	target/debug/spake-service openapi > docs/openapi.json

clean:
	cargo clean
	rm -rf $(VENV)
