# Everything a person or CI runs. Each target does its own set-up (scripts/setup.sh says what it installs and why) and is
# quick the second time. Rust is built with one profile, release, so that all of them share artefacts
# (docs/decisions/0002-one-release-profile.md); anything longer than a line lives in xtask.

# A shell without a login profile (CI) has neither cargo nor the Node that the set-up may have put into .setup/.
export PATH := $(CURDIR)/.setup/node/bin:$(HOME)/.cargo/bin:$(PATH)
XTASK = cargo run --release --quiet --package xtask --

.PHONY: run test check bench fuzz web help
.DEFAULT_GOAL := help

help:
	@echo 'make run    build everything and start a node on this machine'
	@echo 'make test   everything that CI runs; ends with "N passed, M failed"'
	@echo 'make check  formatting, lints, house rules, types'
	@echo 'make bench  the benchmarks of docs/benchmarks.md'
	@echo 'make fuzz   a minute of libFuzzer for each parser of outside bytes'

run: web
	@cargo build --release --workspace
	@exec "$${CARGO_TARGET_DIR:-target}/release/weir" serve $(ARGS)

test:
	@scripts/setup.sh build web e2e
	@$(XTASK) test

check:
	@scripts/setup.sh build web
	@$(XTASK) check

bench:
	@scripts/setup.sh build web bench
	@$(XTASK) bench

fuzz:
	@scripts/setup.sh build fuzz
	@$(XTASK) fuzz

web:
	@scripts/setup.sh build web
	@$(XTASK) web
