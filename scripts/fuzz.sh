#!/usr/bin/env bash
# Fuzzes every target for MINUTES (default 10), two at a time, and says what came of it: scripts/fuzz.sh [MINUTES]
#
# First the committed corpus and the inputs of old findings are replayed. `--replay` stops after that.
# On stable, without a sanitizer: fast, but blind to comparisons of byte strings, hence the dictionary.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/lib.sh
need_cargo_tool cargo-fuzz cargo-fuzz

minutes=${1:-10}
logs=$(cargo_target)/fuzz-logs
mkdir -p "$logs"
export CARGO_TARGET_DIR; CARGO_TARGET_DIR=$(cargo_target)/beside
targets=$(cargo fuzz list)
cargo fuzz build -s none

for target in $targets; do
    echo "replaying $target"
    cargo fuzz run -s none "$target" "fuzz/corpus/$target" "fuzz/regressions/$target" -- -runs=0 \
        >"$logs/$target.replay" 2>&1 || { cat "$logs/$target.replay"; exit 1; }
done
[ "$minutes" = --replay ] && exit 0

fuzz() {
    cargo fuzz run -s none "$1" -- -dict=fuzz/gearman.dict -print_final_stats=1 \
        -max_total_time="$2" >"$logs/$1" 2>&1
}
seconds=$(awk "BEGIN { print int($minutes * 60) }")
failed=0
set -- $targets
while [ $# -gt 0 ]; do
    pair=("$1" ${2:+"$2"}); shift; [ $# -gt 0 ] && shift
    jobs=()
    for target in "${pair[@]}"; do fuzz "$target" "$seconds" & jobs+=($!); done
    for index in "${!pair[@]}"; do
        target=${pair[index]}
        if wait "${jobs[index]}"; then
            runs=$(sed -n 's/stat::number_of_executed_units: //p' "$logs/$target")
            echo "$target: $runs runs in $seconds s, no findings"
        else
            tail -n 30 "$logs/$target"
            echo "$target: a finding; keep its input in fuzz/regressions/$target" >&2
            failed=1
        fi
    done
done
exit $failed
