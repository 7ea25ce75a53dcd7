#!/usr/bin/env bash
# Passes all tests, the real gearmand and libgearman's tools among the peers. Installs what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh

need gearmand gearman-job-server
need gearman gearman-tools
need gearadmin gearman-tools

# Programs that tests start as processes of their own.
cargo build --workspace --all-features --examples --bins
cargo test --workspace --all-features "$@"
