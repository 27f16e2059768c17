#!/bin/bash -eu
# Builds every target with its seeds and the dictionary. Runs in the base-builder image, in the repository's root.
cargo fuzz build -O --debug-assertions
for source in fuzz/fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
    (cd "fuzz/corpus/$target" && zip -q "$OUT/${target}_seed_corpus.zip" ./*)
    cp fuzz/dictionary "$OUT/$target.dict"
    printf '[libfuzzer]\nmax_len = 16384\n' >"$OUT/$target.options"
done
