#!/usr/bin/env bash
# How fast packets are decoded and encoded and lists parsed, beside the peers and the ceilings. Figures, no verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
need valgrind valgrind
target=$(cargo_target)/bench
CARGO_TARGET_DIR=$target cargo build --quiet --release --locked --manifest-path bench/Cargo.toml --bin codec
"$target/release/codec" --instructions
