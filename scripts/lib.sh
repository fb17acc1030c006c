# Shared by the scripts beside it: words on the terminal, and installing what is missing.
# Sourced, not run. Every check is cheap, so that a second `make run` starts at once.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DEBIAN_FRONTEND=noninteractive

say() { printf '%s\n' "$*"; }

fail() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# missing_packages: what `need` found missing, as Debian calls it; missing_tools: as people do.
missing_packages=()
missing_tools=()

# need COMMAND PACKAGE...: notes the Debian packages that bring COMMAND if it is not here.
need() {
    have "$1" && return
    missing_tools+=("$1")
    missing_packages+=("${@:2}")
}

# need_file FILE PACKAGE...: the same for a file.
need_file() {
    [ -e "$1" ] && return
    missing_tools+=("$1")
    missing_packages+=("${@:2}")
}

# Rust and Node come from their makers, not from here.
need_rust() {
    have cargo || [ ! -x "$HOME/.cargo/bin/cargo" ] || PATH="$HOME/.cargo/bin:$PATH"
    have cargo || fail "Rust is missing. Install it as https://rustup.rs says (rustup, stable), then run this again."
}

need_node() {
    have node && have npm ||
        fail "Node.js 20 or later with npm is missing. Install it (https://nodejs.org), then run this again."
}

# What a build needs beside Rust: a linker, and a C compiler for the cryptography.
need_to_build() {
    need cc gcc libc6-dev
    # Debian's compiler comes without the C library's headers if nobody asks for them.
    ! have apt-get || need_file /usr/include/stdlib.h libc6-dev
}

# Installs what `need` noted: with apt on Debian and Ubuntu; elsewhere it says what to install.
install_missing() {
    [ ${#missing_tools[@]} -gt 0 ] || return 0
    local as_root=() packages
    # Names of packages have no spaces.
    packages=($(printf '%s\n' "${missing_packages[@]}" | sort -u))
    if have apt-get; then
        if [ "$(id -u)" -ne 0 ]; then
            have sudo || fail "Missing: ${missing_tools[*]}. As root, run:
  apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
            as_root=(sudo)
        fi
        say "Installing ${packages[*]} (missing: ${missing_tools[*]}); this can take a minute."
        "${as_root[@]}" apt-get -qq update
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends "${packages[@]}" </dev/null >/dev/null
        missing_tools=()
        missing_packages=()
        hash -r
        return
    fi
    local words
    case "$(uname -s)" in
        Darwin) words="brew install ${missing_tools[*]}   (cc: xcode-select --install; ffprobe comes with ffmpeg)" ;;
        *) words="$(elsewhere)" ;;
    esac
    fail "Missing: ${missing_tools[*]}. This system has no apt-get; install them yourself, for example:
  $words
then run this again."
}

elsewhere() {
    local id=
    [ ! -r /etc/os-release ] || id=$(. /etc/os-release && printf '%s %s' "${ID:-}" "${ID_LIKE:-}")
    case " $id " in
        *" fedora "* | *" rhel "*) say "sudo dnf install ffmpeg-free gcc glibc-devel (for tests also: chromium nginx)" ;;
        *" arch "*) say "sudo pacman -S --needed ffmpeg gcc (for tests also: chromium nginx)" ;;
        *" suse "* | *" opensuse "*) say "sudo zypper install ffmpeg gcc glibc-devel (for tests also: chromium nginx)" ;;
        *" alpine "*) say "sudo apk add ffmpeg gcc musl-dev (for tests also: chromium nginx)" ;;
        *) say "ffmpeg (with ffprobe) and a C compiler, by your system's own means (for tests also: chromium, nginx)" ;;
    esac
}

# Where Chromium is, whatever it is called here.
chromium_path() {
    local name
    for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
        have "$name" && command -v "$name" && return
    done
    return 1
}

# up_to_date STAMP FILE...: whether STAMP is newer than every FILE.
up_to_date() {
    local stamp=$1 file
    [ -e "$stamp" ] || return 1
    for file in "${@:2}"; do
        [ ! "$file" -nt "$stamp" ] || return 1
    done
}

# The packages that are shipped to browsers. Everything else in package.json is for tests.
shipped_scripts=(node_modules/tus-js-client/dist/tus.min.js node_modules/hls.js/dist/hls.min.mjs)

have_shipped_scripts() {
    local script
    for script in "${shipped_scripts[@]}"; do
        [ -e "$script" ] || return 1
    done
}

need_shipped_scripts() {
    have_shipped_scripts || need npm npm
}

install_shipped_scripts() {
    have_shipped_scripts && return
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
}

# The packages of package-lock.json, installed anew only when the lock file has changed.
install_node_modules() {
    up_to_date node_modules/.stamp package.json package-lock.json && return
    npm ci --no-audit --no-fund --loglevel=error </dev/null
    touch node_modules/.stamp
}
