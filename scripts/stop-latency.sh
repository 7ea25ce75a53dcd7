#!/usr/bin/env bash
# How long an idle worker takes from SIGTERM to its exit, beside a bare tokio program. Figures, no verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
need gearmand gearman-job-server
target=$(cargo_target)
cargo build --quiet --release -p gearman-worker --example worker
CARGO_TARGET_DIR=$target/bench cargo build --quiet --release --manifest-path bench/Cargo.toml
"$target/bench/release/stop_latency" "$target/bench/release/bare" "$target/release/examples/worker"
