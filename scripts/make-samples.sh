#!/usr/bin/env bash
# Makes the sample videos of static/ anew; takes some minutes.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_node
need ffmpeg ffmpeg
install_missing
exec node scripts/make-samples.js "$@"
