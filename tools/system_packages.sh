#!/usr/bin/env bash
# Install the Debian packages that some tests need, where this user may. Never fails for want of rights: it says
# which tests will be skipped instead. Fails when it may install and the installation breaks.
set -euo pipefail

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian or Ubuntu system: tests that find no Prometheus, nginx or Chromium are skipped."
    exit 0
fi

packages=(
    prometheus prometheus-alertmanager prometheus-blackbox-exporter prometheus-nginx-exporter prometheus-node-exporter
    prometheus-postgres-exporter prometheus-process-exporter prometheus-redis-exporter
    nginx postgresql redis-server dnsmasq-base libfaketime util-linux xz-utils chromium fonts-dejavu-core
)
used_by() {
    case $1 in
        chromium | fonts-dejavu-core) echo "browser tests" ;;
        *) echo "tests that run real servers, the recorder's among them," ;;
    esac
}

skipped() { # reason, packages...
    local reason=$1 name
    shift
    for name in "$@"; do
        echo "SKIPPED: Debian package $name is not installed ($reason): without it, $(used_by "$name") are skipped."
    done
}

missing=()
for name in "${packages[@]}"; do
    # `installed` alone: a package that was removed is still known to dpkg.
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)" != installed ]; then
        missing+=("$name")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "Debian packages for the tests: all installed"
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    skipped "not root, and sudo asks for a password" "${missing[@]}"
    echo "To run them all: sudo apt-get install ${missing[*]}"
    exit 0
fi

echo "Installing Debian packages for the tests: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
available=() absent=()
for name in "${missing[@]}"; do
    case $(apt-cache policy "$name") in
        *"Candidate: "[0-9]*) available+=("$name") ;;
        *) absent+=("$name") ;;
    esac
done
skipped "this system's package index has none" "${absent[@]}"
[ ${#available[@]} -gt 0 ] || exit 0

# Debian starts a server when it is installed, and again at the next boot. The tests start their own, on ports of
# their own, so neither is wanted: a policy that says no during the installation, and the new units disabled after.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${available[@]}" >/dev/null
if [ -d /run/systemd/system ]; then
    for name in "${available[@]}"; do
        "${as_root[@]}" systemctl disable --quiet --now "$name.service" 2>/dev/null || true
    done
fi
echo "Installed; their services were not started"
