# Shared by the scripts beside it: `source scripts/lib.sh` from the workspace's root.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need PROGRAM PACKAGE: installs a Debian package where its program is missing.
need() {
    if PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$1" >/dev/null; then return; fi
    echo "installing $2 for $1"
    if ! command -v apt-get >/dev/null; then
        echo "$1 is missing and there is no apt-get: install it by hand" >&2
        exit 1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    # Debian starts a server of its own after the installation; nothing here uses it.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$1" >/dev/null
}

# need_cargo_tool PROGRAM CRATE
need_cargo_tool() {
    if command -v "$1" >/dev/null; then return; fi
    echo "installing $2"
    cargo install --quiet --locked "$2"
}

cargo_target() {
    cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
