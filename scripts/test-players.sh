#!/usr/bin/env bash
# Real players watch the channel over many changes of programme; too long for `make test`.
# usage: scripts/test-players.sh [CHANGES]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
need_node
need_to_build
need ffmpeg ffmpeg
need ffprobe ffmpeg
need mpv mpv
need cvlc vlc-bin vlc-plugin-base
# VLC refuses to be root.
[ "$(id -u)" -ne 0 ] || need setpriv util-linux
chromium_path >/dev/null || need chromium chromium
install_missing
install_node_modules
CHROMIUM=$(chromium_path)
cargo build --release --locked
export CHROMIUM STATION_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/onair"
exec node tests/players/run.js "$@"
