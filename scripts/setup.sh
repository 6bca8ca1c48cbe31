#!/usr/bin/env bash
# Brings a fresh Debian machine that has only a Rust toolchain to the point where the make targets work.
#
#   scripts/setup.sh GROUP...     groups: build web e2e fuzz bench
#
# Plain bash, because nothing else can be relied on yet: without a C linker not even xtask compiles. Each group says
# what it installs and why, does nothing when everything is there already, and leaves a stamp in .setup/ that names
# what it was made for, so that the second time costs milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .setup

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# as_root CMD...: directly, or by sudo; a person is told the command where neither is possible.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "this needs root and there is no sudo. Run as root: $*"
  fi
}

# packages WHY NAME...: the Debian packages among NAME... that are missing.
packages() {
  local why=$1 missing=() name; shift
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "no apt-get here. Install by hand ($why): ${missing[*]}"
  say "installing ${missing[*]} ($why)"
  [ -e .setup/apt-updated ] && [ -n "$(find .setup/apt-updated -mmin -60)" ] || {
    as_root apt-get update -qq && touch .setup/apt-updated
  }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >.setup/apt.log 2>&1 </dev/null || { tail -n 20 .setup/apt.log >&2; fail "apt-get install ${missing[*]} did not work"; }
}

# stamped NAME FILE...: whether .setup/NAME was made from these very contents.
stamp_of() { cat "$@" | sha256sum | cut -c1-32; }
stamped() { local name=$1; shift; [ "$(cat ".setup/$name" 2>/dev/null)" = "$(stamp_of "$@")" ]; }
stamp() { local name=$1; shift; stamp_of "$@" >".setup/$name"; }

# Node 20.19 or newer: Vite 8 asks for it, and Debian 12 has 18. npm packages carry the program itself.
node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}
need_node() {
  [ -x .setup/node/bin/node ] && PATH="$PWD/.setup/node/bin:$PATH"
  node_is_new_enough && return 0
  command -v npm >/dev/null || packages 'to build the web client' nodejs npm
  node_is_new_enough && return 0
  local cpu
  case $(uname -m) in
    x86_64) cpu=x64 ;;
    aarch64) cpu=arm64 ;;
    *) fail "Node 20.19 or newer is needed (this machine has $(node --version 2>/dev/null || echo none)); install it by hand" ;;
  esac
  say "installing Node 22 into .setup/node (the web client needs 20.19 or newer, this machine has $(node --version 2>/dev/null || echo none))"
  npm install --silent --no-fund --no-audit --prefix .setup/node-package "node-linux-$cpu@22" </dev/null ||
    fail "npm could not install the package node-linux-$cpu@22"
  mkdir -p .setup/node/bin
  # The system's npm is run by the new node: its launcher asks the PATH which node to use.
  ln -sfn "$PWD/.setup/node-package/node_modules/node-linux-$cpu/bin/node" .setup/node/bin/node
  PATH="$PWD/.setup/node/bin:$PATH"
  node_is_new_enough || fail "the Node in .setup/node does not start"
}

# npm_install DIR: exactly what the lockfile names.
npm_install() {
  need_node
  if stamped "npm-$1" "$1/package-lock.json" && [ -d "$1/node_modules" ]; then return 0; fi
  say "installing the Node modules of $1/ (npm ci)"
  (cd "$1" && npm ci --silent --no-fund --no-audit </dev/null) || fail "npm ci in $1/ did not work"
  stamp "npm-$1" "$1/package-lock.json"
}

group_build() {
  command -v cargo >/dev/null || fail 'no Rust toolchain on the PATH. Install one (https://rustup.rs), then try again'
  packages 'a C compiler and cmake: AWS-LC, the cryptography, is C; curl and git for scripts' \
    build-essential cmake pkg-config git curl ca-certificates
}

group_web() {
  npm_install web
}

group_e2e() {
  packages 'two real browsers for the end-to-end tests' chromium firefox-esr
  packages 'Python for aiortc and for the ffmpeg that can speak WHIP' python3 python3-venv
  packages 'network namespaces and links for tests' iproute2 iputils-ping
  npm_install e2e
  if ! { stamped e2e-venv e2e/requirements.txt && [ -x e2e/.venv/bin/python ]; }; then
    say 'installing ffmpeg 9 (the first with WHIP) and aiortc into e2e/.venv'
    # The system's Python by its full path: version managers put shims in front whose venv breaks when they move.
    /usr/bin/python3 -m venv --clear e2e/.venv
    e2e/.venv/bin/pip install --quiet --disable-pip-version-check -r e2e/requirements.txt </dev/null
    stamp e2e-venv e2e/requirements.txt
  fi
}

group_fuzz() {
  command -v cargo-fuzz >/dev/null && return 0
  say 'installing cargo-fuzz 0.13.2 (drives libFuzzer)'
  cargo install cargo-fuzz --version 0.13.2 --locked --quiet
}

# Only as root: Janus is measured in a network namespace, which needs it too. Without, the bench leaves that part out.
group_bench() {
  need_node
  if [ "$(id -u)" != 0 ]; then
    say 'not root: the bench will leave out its comparison with Janus'
    return 0
  fi
  packages 'network namespaces for the comparison with Janus' iproute2
  command -v janus >/dev/null && return 0
  packages 'Janus, to be measured beside Weir' janus
  # The package starts it as a service, with ports open to the network; the bench starts its own.
  if command -v systemctl >/dev/null; then systemctl disable --now janus >/dev/null 2>&1 || true; fi
}

[ $# -gt 0 ] || fail 'which group? build web e2e fuzz bench'
for group in "$@"; do
  case $group in
    build|web|e2e|fuzz|bench) "group_$group" ;;
    *) fail "no group «$group»: build web e2e fuzz bench" ;;
  esac
done
