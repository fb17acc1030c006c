#!/usr/bin/env bash
# Installs the S3 server the tests talk to, s3s-fs, into .tools/bin; does nothing if it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=0.14.1
server=.tools/bin/s3s-fs

if [ -x "$server" ] && "$server" --version 2>/dev/null | grep -qF " $version"; then
    exit 0
fi
# Built without optimisation: that takes under two minutes, and the tests move little.
cargo install "s3s-fs@$version" --locked --features binary --debug --root .tools --force
