# make            the release build
# make test       all tests; needs only cargo and a C compiler
# make compare    benchmark against the installed peers (PICTURES=folder SIZE=256 ROUNDS=5)
# make install    PREFIX=/usr/local DESTDIR=
# make wheel      the Python module; needs Python 3.11 or later and maturin

CARGO ?= cargo
PYTHON ?= python3
MATURIN ?= maturin
PREFIX ?= /usr/local
DESTDIR ?=
PICTURES ?= fixtures/photos
SIZE ?= 256
ROUNDS ?= 5
# THUMBS_CORPUS, from the environment or as an argument: a directory of more pictures for the tests. Without it, these tests print
# why they are skipped. It is not exported here, because that would turn an unset variable into an empty one.

.PHONY: all build test lint doc bench compare quality corpus fuzz wheel test-python test-engines manual install uninstall clean

all: build

# The Python module compiles for the stable interface and links nothing, so that no Python is needed here.
test lint doc: export PYO3_NO_PYTHON = 1
test lint doc: export PYO3_BUILD_EXTENSION_MODULE = 1

build:
	$(CARGO) build --release --locked

test:
	$(CARGO) test --workspace --locked

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo-deny check licenses bans sources; else echo "cargo-deny is not installed, licences not checked"; fi

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --workspace --locked

bench:
	$(CARGO) bench --profile quick --locked

compare: build
	$(PYTHON) benches/compare.py --size $(SIZE) --rounds $(ROUNDS) target/release/thumbs $(PICTURES)

quality:
	$(CARGO) bench --locked --profile quick --bench quality -- --size $(SIZE) $(abspath $(PICTURES))

# Only the tests over THUMBS_CORPUS, with their output.
corpus:
	@test -n "$(THUMBS_CORPUS)" || { echo "set the directory of pictures: make corpus THUMBS_CORPUS=DIR"; exit 2; }
	$(CARGO) test --locked corpus -- --nocapture

fuzz:
	cd fuzz && $(CARGO) build --release

# The release wheel, in target/wheels.
wheel:
	cd python && $(MATURIN) build --release --locked --out "$(CURDIR)/target/wheels"

# Tests the release wheel in a clean environment. WHEEL=FILE tests another one.
test-python:
	PYTHON="$(PYTHON)" MATURIN="$(MATURIN)" python/test

# Runs a plan with the engines of contrib/ that are installed here.
test-engines:
	$(CARGO) build --locked --bin thumbs
	PYTHON="$(PYTHON)" contrib/test

# The man page and completions, as the program prints them.
manual: build
	mkdir -p target/manual
	target/release/thumbs --man > target/manual/thumbs.1
	target/release/thumbs --completions bash > target/manual/thumbs.bash
	target/release/thumbs --completions zsh > target/manual/_thumbs
	target/release/thumbs --completions fish > target/manual/thumbs.fish

install: manual
	install -D -m 755 target/release/thumbs "$(DESTDIR)$(PREFIX)/bin/thumbs"
	install -D -m 644 target/manual/thumbs.1 "$(DESTDIR)$(PREFIX)/share/man/man1/thumbs.1"
	install -D -m 644 target/manual/thumbs.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/thumbs"
	install -D -m 644 target/manual/_thumbs "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_thumbs"
	install -D -m 644 target/manual/thumbs.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/thumbs.fish"
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/doc/thumbs" contrib/thumbs.service contrib/thumbs.timer contrib/crontab

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/thumbs" "$(DESTDIR)$(PREFIX)/share/man/man1/thumbs.1" \
	  "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/thumbs" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_thumbs" \
	  "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/thumbs.fish"
	rm -rf "$(DESTDIR)$(PREFIX)/share/doc/thumbs"

clean:
	$(CARGO) clean
