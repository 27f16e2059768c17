#!/usr/bin/env bash
# Runs fuzz targets one after the other, and reports executions, new inputs and findings:
# fuzz/run.sh [MINUTES] [TARGET…]
# MINUTES (1 by default) is the time for each target; 15s means seconds, 500x means executions. FUZZ_SEED selects other
# inputs (6455 by default). New inputs are kept in target/fuzz/corpus/ (or FUZZ_LEARNED), findings in
# target/fuzz/artifacts/. The exit code is 1 if there are findings, 2 if the fuzzer cannot be built.
set -uo pipefail
export RUST_BACKTRACE=0
here=$(cd "$(dirname "$0")" && pwd)
time=${1:-1}
shift || true
runs=-1
case $time in *s) seconds=${time%s} ;; *x) seconds=600 runs=${time%x} ;; *) seconds=$((time * 60)) ;; esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd "$here/fuzz_targets" && ls ./*.rs | sed 's|^\./||; s|\.rs$||')

# The flags cargo-fuzz passes to the compiler, except sanitizers: those need a nightly compiler, and the program has no
# unsafe code.
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$option"
done
host=$(rustc -vV | sed -n 's/^host: //p')
# An explicit --target, so that build scripts and macros are built without these flags.
built=${CARGO_TARGET_DIR:-$here/../target}/fuzz
options=(--manifest-path "$here/Cargo.toml" --locked --release --target "$host" --target-dir "$built")
RUSTFLAGS=$flags cargo build "${options[@]}" --bins || exit 2

findings=0
# Stop a target after this many failing inputs.
most=5
printf '%-14s %12s %10s %9s  %s\n' target executions new seconds findings
for target in "${targets[@]}"; do
    learned=${FUZZ_LEARNED:-$built/corpus}/$target artifacts=$built/artifacts/$target log=$built/$target.log
    mkdir -p "$learned" "$artifacts"
    : >"$log"
    began=$SECONDS executions=0 new=0 found=0 seed=${FUZZ_SEED:-6455}
    while left=$((seconds - (SECONDS - began))) && [ "$left" -gt 0 ] && [ "$found" -lt "$most" ]; do
        "$built/$host/release/$target" "$learned" "$here/corpus/$target" -dict="$here/dictionary" -seed="$seed" \
            -runs="$runs" -max_total_time="$left" -timeout=20 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
            -artifact_prefix="$artifacts/" >"$log.now" 2>&1
        code=$?
        cat "$log.now" >>"$log"
        count() { sed -n "s/^stat::$1: *//p" "$log.now" | tail -n 1; }
        executions=$((executions + $(count number_of_executed_units | grep . || echo 0)))
        new=$((new + $(count new_units_added | grep . || echo 0)))
        [ "$code" -eq 0 ] && break
        found=$((found + 1)) seed=$((seed + 1))
    done
    rm -f "$log.now"
    printf '%-14s %12s %10s %9s  %s\n' "$target" "$executions" "$new" $((SECONDS - began)) "$found"
    findings=$((findings + found))
    # The panic message and its first line, or a timeout or memory limit; and the path of the input.
    [ "$found" -eq 0 ] || grep -a -A 1 -E 'panicked at|^SUMMARY|Test unit written' "$log" | cut -c 1-400
done
[ "$findings" -eq 0 ]
