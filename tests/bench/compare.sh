#!/usr/bin/env bash
# Compares whyclosed with tshark and cat on the captures of the throughput bench; prints a Markdown table.
#
#   cargo bench --bench throughput -- --generate-only
#   tests/bench/compare.sh [-n RUNS] [-t RUNS_OF_TSHARK] [-b PROGRAM] [-d DIRECTORY] [CAPTURE...]
#
# whyclosed analyses on one thread, and on two. The tools take turns, so that a change of the machine's speed affects all
# of them equally; the table shows medians. Memory peaks need GNU time (package `time`). A missing tool is left out, and
# the output says so.
#
# Some captures are measured only if they are named: each is generated for the run in a temporary folder (TMPDIR), and
# removed once it is measured. tshark takes many minutes for each; -t 0 leaves it out.
#
#   short-1g, short-4g    as `short`, connections that soon end, in 1 GiB and 4 GiB
#   open-1m               as `open`, connections that stay open, but 1,000,000 of them, in 1.8 GB
set -euo pipefail
export LC_ALL=C # decimal points

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
runs=5 runs_of_tshark=1 program=$target/release/whyclosed directory=$target/bench

fail() { echo "compare.sh: $1" >&2; exit 2; }
usage() { sed -n '2,15s/^# \{0,1\}//p' "$0"; }
counted() { [[ $2 =~ ^[1-9][0-9]*$ ]] || fail "-$1 wants a number of runs, not '$2'"; }

while getopts n:t:b:d:h option; do
    case $option in
        n) counted n "$OPTARG"; runs=$OPTARG ;;
        t) [[ $OPTARG == 0 ]] || counted t "$OPTARG"; runs_of_tshark=$OPTARG ;;
        b) program=$OPTARG ;;
        d) directory=$OPTARG ;;
        h) usage; exit ;;
        *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[[ -n ${EPOCHREALTIME:-} ]] || fail "needs bash 5 or newer (this is $BASH_VERSION)"
(($#)) || set -- chat short bulk mixed open lossy h2c-chat tls-chat tls-bulk tls-chat-chacha tls-bulk-chacha

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
declare -A file=()
for capture; do
    case $capture in
        short-1g | short-4g | open-1m) file[$capture]=$work/$capture.pcap ;;
        *)
            file[$capture]=$directory/$capture.pcap
            [[ -r ${file[$capture]} && -r $directory/$capture.json ]] ||
                fail "${file[$capture]}: not there; cargo bench --bench throughput -- --generate-only writes it"
            ;;
    esac
done

tools=(cat)
notes=()
if command -v "$program" >/dev/null; then
    tools+=(whyclosed parallel)
else
    notes+=("whyclosed left out: $program is missing.")
fi
if ((runs_of_tshark == 0)); then
    notes+=("tshark left out: -t 0.")
elif command -v tshark >/dev/null; then
    tools+=(tshark)
else
    notes+=("tshark left out: not installed.")
fi
gnu_time=
if /usr/bin/time -q -f %M true 2>/dev/null; then
    gnu_time=/usr/bin/time
else
    notes+=("Peaks of memory left out: /usr/bin/time is not GNU time, or missing.")
fi

# generate CAPTURE: writes a capture to the temporary folder, and waits until it is on the disk.
generate() {
    (cd "$root" && cargo bench --locked --bench throughput -- --generate-only --directory="$work" "$1") >&2 ||
        fail "$1 could not be generated"
    sync "${file[$1]}"
}

# measure TOOL CAPTURE OUTPUT COMMAND...: runs a command, and appends its time in microseconds and its peak in KiB to
# files.
measure() {
    local tool=$1 capture=$2 output=$3 start end
    local log=$work/$capture.$tool
    shift 3
    start=${EPOCHREALTIME/./}
    ${gnu_time:+"$gnu_time" -q -f %M -o "$work/peak"} "$@" >"$output" 2>"$log.err" ||
        { cat "$log.err" >&2; fail "$tool failed on $capture"; }
    end=${EPOCHREALTIME/./}
    echo "$((end - start))" >>"$log.micros"
    if [[ $gnu_time ]]; then cat "$work/peak" >>"$log.kib"; fi
}

# tshark prints only Close frames, without name lookups; it reassembles out-of-order segments, as whyclosed does.
tshark_closes=(-n -o tcp.reassemble_out_of_order:TRUE -Y websocket.opcode==8
    -T fields -e frame.number -e tcp.stream -e websocket.payload.close.status_code)
# It reads no WebSocket in HTTP/2; what it can tell of one are the frames that carry it.
tshark_http2=(-n -o tcp.reassemble_out_of_order:TRUE -d tcp.port==80,http2 -Y http2
    -T fields -e frame.number -e tcp.stream -e http2.streamid -e http2.type -e http2.rst_stream.error
    -e http2.header.name -e http2.header.value)

# with_keys CAPTURE OPTION [PREFIX]: prints the option, and the file with the TLS keys of a capture, one a line; nothing for
# a capture without TLS.
with_keys() {
    local keys=${file[$1]%.pcap}.keys
    [[ ! -e $keys ]] || printf '%s\n' "$2" "${3-}$keys"
}

run() {
    local tool=$1 capture=$2 input=${file[$2]} keys=()
    case $tool in
        cat) measure cat "$capture" /dev/null cat "$input" ;;
        whyclosed | parallel)
            mapfile -t keys < <(with_keys "$capture" --keylog)
            local threads=1
            [[ $tool == whyclosed ]] || threads=2
            measure "$tool" "$capture" /dev/null "$program" --threads "$threads" --format json "$input" "${keys[@]}"
            ;;
        tshark)
            mapfile -t keys < <(with_keys "$capture" -o tls.keylog_file:)
            if [[ $capture == h2c-* ]]; then
                measure tshark "$capture" /dev/null tshark -r "$input" "${tshark_http2[@]}"
            else
                measure tshark "$capture" "$work/$capture.closes" tshark -r "$input" "${keys[@]}" "${tshark_closes[@]}"
            fi
            ;;
    esac
}

# median FILE: prints the median of the numbers in a file; nothing if there is no file.
median() {
    [[ -e $1 ]] || return 0
    sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
divided() { awk -v a="$1" -v b="$2" -v f="$3" 'BEGIN { if (a == "" || b == "") print "–"; else printf f, a / b }'; }
truth() { sed -n "s/^ *\"$2\": \([0-9]*\).*/\1/p" "${file[$1]%.pcap}.json"; }

# Count the Close frames that a tool found. tshark lists several codes for a packet with several frames, and none for a
# Close frame without a code.
found_by_whyclosed() {
    local keys=()
    mapfile -t keys < <(with_keys "$1" --keylog)
    "$program" --format json "${file[$1]}" "${keys[@]}" | { grep -oE '"role": ?"' || true; } | wc -l
}
found_by_tshark() { awk -F '\t' '{ n += (codes = split($3, _, ",")) ? codes : 1 } END { print n + 0 }' "$work/$1.closes"; }

for capture; do
    [[ -e ${file[$capture]} ]] || generate "$capture"
    # Untimed, to load the file into the page cache.
    if [[ ${tools[*]} == *whyclosed* ]]; then
        found_by_whyclosed "$capture" >"$work/$capture.whyclosed.found"
    else
        cat "${file[$capture]}" >/dev/null
    fi
    for ((round = 1; round <= (runs > runs_of_tshark ? runs : runs_of_tshark); round++)); do
        for tool in "${tools[@]}"; do
            limit=$runs
            [[ $tool != tshark ]] || limit=$runs_of_tshark
            ((round > limit)) || run "$tool" "$capture"
        done
    done
    rm -f "$work/$capture.pcap"
done

echo "| capture | MB | packets | cat s | whyclosed s | 2 threads s | whyclosed ÷ cat | whyclosed ÷ 2 threads" \
    "| tshark s | tshark ÷ whyclosed | tshark ÷ 2 threads | cat peak MiB | whyclosed peak MiB | 2 threads peak MiB" \
    "| tshark peak MiB | Close frames | found by whyclosed | found by tshark |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
for capture; do
    declare -A micros=() kib=()
    [[ ! -e $work/$capture.closes ]] || found_by_tshark "$capture" >"$work/$capture.tshark.found"
    for tool in cat whyclosed parallel tshark; do
        micros[$tool]=$(median "$work/$capture.$tool.micros")
        kib[$tool]=$(median "$work/$capture.$tool.kib")
    done
    row=("$capture" "$(divided "$(truth "$capture" bytes)" 1e6 %.0f)" "$(truth "$capture" packets)"
        "$(divided "${micros[cat]}" 1e6 %.3f)" "$(divided "${micros[whyclosed]}" 1e6 %.3f)"
        "$(divided "${micros[parallel]}" 1e6 %.3f)"
        "$(divided "${micros[whyclosed]}" "${micros[cat]}" %.1f)"
        "$(divided "${micros[whyclosed]}" "${micros[parallel]}" %.2f)" "$(divided "${micros[tshark]}" 1e6 %.2f)"
        "$(divided "${micros[tshark]}" "${micros[whyclosed]}" %.0f)"
        "$(divided "${micros[tshark]}" "${micros[parallel]}" %.0f)")
    for tool in cat whyclosed parallel tshark; do row+=("$(divided "${kib[$tool]}" 1024 %.1f)"); done
    row+=("$(truth "$capture" close_frames)")
    for tool in whyclosed tshark; do row+=("$(cat "$work/$capture.$tool.found" 2>/dev/null || echo –)"); done
    printf '| %s ' "${row[@]}"
    echo '|'
done
echo
medians="cat and whyclosed: median of $runs"
[[ ${tools[*]} != *tshark* ]] || medians+="; tshark: of $runs_of_tshark"
echo "$medians."
((${#notes[@]} == 0)) || printf '%s\n' "${notes[@]}"
