#!/usr/bin/env bash
# Puts the channel on the air: installs what is missing, builds what has changed, starts.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_rust
need_to_build
need ffmpeg ffmpeg
need ffprobe ffmpeg
need_shipped_scripts
install_missing
install_shipped_scripts
cargo build --release --locked
exec cargo run --release --locked --quiet -- serve "$@"
