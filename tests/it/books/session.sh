# What the blocks of a page call. A block fails with its first command that fails, and a request
# with an answer that is an error.
set -euo pipefail
export MICROSHOP_SERVER__BIND=127.0.0.1:0 MICROSHOP_BANK__BIND=127.0.0.1:0
export MICROSHOP_AUTH__SCRYPT_LOG_N=10 MICROSHOP_LOG__FILTER=warn

# Names the block that begins.
at() { echo "== $*" >&2; }

curl() { command curl --fail "$@"; }

redis-cli() { command redis-cli -e -p "$PORT_OF_REDIS" "$@"; }

# Runs a command that does not end by itself until it has printed something.
until_it_prints() {
  local printed process
  printed=$(mktemp)
  "$@" >"$printed" &
  process=$!
  until [[ -s $printed ]]; do
    kill -0 "$process"
    sleep 0.05
  done
  kill "$process"
  # A program that does not handle the signal ends with 128 + 15.
  wait "$process" || (($? == 143))
  rm "$printed"
}

microshop() {
  case ${1-} in
    '' | serve | demo | bank) until_it_prints "$BINARY" "$@" ;;
    *) "$BINARY" "$@" ;;
  esac
}

target/release/microshop() { microshop "$@"; }

# A shop of the repository is the binary that the tests are for.
cargo() {
  case "$*" in
    run | 'run --release') microshop ;;
    'run --release -- '*) microshop "${@:4}" ;;
    'run --example '*) (cd "$REPOSITORY" && until_it_prints "$CARGO" "$@") ;;
    *) (cd "$REPOSITORY" && "$CARGO" "$@") ;;
  esac
}

# The folder has a store.
microshop
