#!/usr/bin/env bash
# Tells workers to leave N times, at random moments under load, and counts what becomes of their jobs:
# scripts/drain-soak.sh N [--wakeup 1] [--large] [--control] [--functions]
#
# Fails unless each job ran exactly once and each worker exited with 0. 10,000 take some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
need gearmand gearman-job-server
cargo build --quiet --release -p gearman-conformance --example soak --example soak_worker
exec "$(cargo_target)/release/examples/soak" "$@"
