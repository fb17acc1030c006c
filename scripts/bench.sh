#!/usr/bin/env bash
# Measures; each figure in docs/PERFORMANCE.md is printed by one of these.
# usage: scripts/bench.sh sync|sync-scenarios|sync-hour|timeline|linear|idle|upload-memory|media|fanout [ARGUMENT...]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
need_node
need_to_build
need ffmpeg ffmpeg
need ffprobe ffmpeg
[[ "$1" != sync* ]] || chromium_path >/dev/null || need chromium chromium
if [ "$1" = sync-scenarios ]; then
    need ip iproute2
    need unshare util-linux
    [ -n "$(find /usr/lib -name libfaketimeMT.so.1 -print -quit)" ] || need_file "/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1" libfaketime
fi
if [ "$1" = fanout ]; then
    have /usr/sbin/nginx || need nginx nginx-light
    need_file /usr/lib/nginx/modules/ngx_nchan_module.so libnginx-mod-nchan
fi
install_missing

case "$1" in
    timeline | linear) exec cargo bench --locked --bench "$1" ;;
esac
cargo build --release --locked
export STATION_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/onair"
case "$1" in
    sync)
        install_node_modules
        CHROMIUM=$(chromium_path)
        export CHROMIUM
        # The endless stream, the stream while a conversion runs, and files as they came.
        node bench/sync/run.js --house
        node bench/sync/run.js --house --converting --openings=0
        exec node bench/sync/run.js
        ;;
    sync-scenarios | sync-hour)
        install_node_modules
        CHROMIUM=$(chromium_path)
        export CHROMIUM
        [ "$1" = sync-scenarios ] || exec node bench/sync/scenarios.js --only=hour "${@:2}"
        cargo build --locked --example slow_link
        exec bench/sync/namespace.sh bench/sync/scenarios.js "${@:2}"
        ;;
    idle) exec node bench/idle.js ;;
    upload-memory) exec node bench/upload_memory.js ;;
    media)
        scripts/fetch-test-content.sh || say "Without the published film a generated picture is converted."
        exec node bench/media.js
        ;;
    fanout)
        cargo build --release --locked --package fanout
        export VIEWERS_BINARY="${STATION_BINARY%/*}/fanout"
        exec node bench/fanout.js "${@:2}"
        ;;
    *) fail "What is to be measured: sync, sync-scenarios, sync-hour, timeline, linear, idle, upload-memory, media or fanout?" ;;
esac
