#!/usr/bin/env bash
# Every check and test, with their own set-up; stops at the first section that breaks.
# usage: scripts/test.sh [lint]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

only=${1:-all}
began=$SECONDS
summary=()
logs=$(mktemp -d)
background=
# What the browser tests start: never a release build that may be older than the source.
export CHROMIUM STATION_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/debug/onair"
# A stop in the middle leaves nothing running: the background job is a process group of its own.
trap 'status=$?; [ -z "$background" ] || kill -- "-$background" 2>/dev/null || true; rm -rf "$logs"; exit $status' EXIT

print_summary() {
    printf '\n%s\n' "$1"
    local line
    for line in "${summary[@]}"; do printf '  %s\n' "$line"; done
    printf '  %-34s %4d s\n' "in all" $((SECONDS - began))
}

# section NAME SENTENCE COMMAND...: runs COMMAND; if it fails, says SENTENCE and stops everything.
section() {
    local name=$1 sentence=$2 from=$SECONDS
    printf '\n── %s ──\n' "$name"
    if "${@:3}" </dev/null; then
        summary+=("$(printf '%-34s %4d s' "✓ $name" $((SECONDS - from)))")
    else
        summary+=("$(printf '%-34s %4d s' "✗ $name" $((SECONDS - from)))")
        print_summary "Broken: $name. $sentence"
        exit 1
    fi
}

set_up() {
    need_rust
    need_node
    need_to_build
    need ffmpeg ffmpeg
    need ffprobe ffmpeg
    if [ "$only" = all ]; then
        chromium_path >/dev/null || need chromium chromium
        # Without a font of its own Chromium draws no text at all.
        [ -n "$(find /usr/share/fonts ~/.fonts /System/Library/Fonts -name '*.[to]tf' -print -quit 2>/dev/null)" ] ||
            need_file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
        have /usr/sbin/nginx || need nginx nginx-light
        # A viewer whose network vanishes lives in a namespace of its own.
        need ip iproute2
        need curl curl
        need unshare util-linux
        need pip python3-pip
        need xmllint libxml2-utils
        # What reads the files in deploy/.
        need caddy caddy
        need promtool prometheus
        need systemd-analyze systemd
        need_file /usr/lib/python3/dist-packages/yaml/__init__.py python3-yaml
    fi
    install_missing
    [ "$only" != all ] || CHROMIUM=$(chromium_path)
    cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 ||
        rustup component add clippy rustfmt
    install_node_modules
    if [ "$only" = all ]; then
        scripts/install-s3-server.sh
        scripts/fetch-test-content.sh
    fi
}

check_scripts() {
    npm run --silent types
    npm run --silent lint
    npm run --silent test:unit
}

# Starts the checks of the browser's code beside the compiler; `scripts_checked` waits for them.
start_checking_scripts() {
    set -m
    (
        from=$SECONDS
        set +e
        (set -e; check_scripts) >"$logs/scripts" 2>&1 </dev/null
        status=$?
        printf '(done in %d s, beside the compiler)\n' $((SECONDS - from)) >>"$logs/scripts"
        exit $status
    ) &
    background=$!
    set +m
}

scripts_checked() {
    local status=0
    wait "$background" || status=$?
    background=
    cat "$logs/scripts"
    return $status
}

rustdoc() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet; }

section "Set-up" "What is missing could not be installed; see above." set_up
start_checking_scripts
section "Format" "Run \`make fmt\`." cargo fmt --all --check
section "Clippy" "Mend what clippy says above." \
    cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
section "Rustdoc" "Mend the documentation named above." rustdoc
section "Browser code: types, lint, units" "Alone: npm run types; npm run lint; npm run test:unit." \
    scripts_checked
if [ "$only" = all ]; then
    section "Rust: unit, property, integration" "Alone: cargo test." cargo test --locked --quiet
    section "Browser: pages and player" "Alone: npm run test:browser." npm run --silent test:browser
fi
print_summary "All sections passed."
