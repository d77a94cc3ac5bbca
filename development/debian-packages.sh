#!/usr/bin/env bash
# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# debian-packages.sh demo|test|acceptance|browser|kerberos|wine: installs the Debian packages of which a command or a file is absent, and says why.
set -euo pipefail

missing=()
need() { # need PACKAGE[|PACKAGE] WHY [COMMAND-OR-FILE...]: unless one of the last is there
    local package=$1 why=$2 sign
    shift 2
    for sign in "$@"; do
        command -v "$sign" >/dev/null || [[ -e $sign ]] && return
    done
    missing+=("$package")
    echo "  $package: $why"
}

"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || need python3-venv "makes the virtual environment, .venv"
mono=/usr/lib/mono/4.5
need mono-mcs "compiles the collection's C#, as Windows would" mcs
need mono-runtime "runs the compiled C#" mono
need libmono-system-core4.0-cil "a .NET library that the C# refers to" $mono/System.Core.dll
need libmono-system-web-extensions4.0-cil "a .NET library that the C# refers to (JSON)" $mono/System.Web.Extensions.dll
need gcc "compiles the library that stands in for wtsapi32.dll" gcc
need libc6-dev "the C headers for it" /usr/include/stdio.h
# Debian 13 has only version 3, Debian 12 only version 2.
need "libwinpr3-dev|libwinpr2-dev" "wtsapi.h, the structures of the WTS API" /usr/include/winpr{3,2}/winpr/wtsapi.h
if [[ ${1:?demo or test} == test ]]; then
    need openssh-client "is what Ansible's connection ssh runs" ssh
    need openssh-server "serves SSH in front of simulated hosts, to the tests alone" /usr/sbin/sshd
fi
if [[ $1 == acceptance ]]; then
    need "freerdp2-x11|freerdp3-x11" "logs test accounts on by Remote Desktop" xfreerdp xfreerdp3
    need xvfb "a screen for it that nobody sees" Xvfb
fi
if [[ $1 == browser ]]; then
    need chromium "shows the report to its tests: with the driver some 320 MB, and as much again of libraries" chromium
    need chromium-driver "lets tests work the browser" chromedriver
fi
if [[ $1 == wine ]]; then
    need wine64 "runs Windows' own .NET" wine64 /usr/lib/wine/wine64
    need gcc-mingw-w64-x86-64-win32 "compiles the library that stands in for wtsapi32.dll, for Windows" x86_64-w64-mingw32-gcc
fi
if [[ $1 == kerberos ]]; then
    headers=$("${PYTHON:-python3}" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    need python3-dev "Python's headers, for the packages that are built from source" "$headers/Python.h"
    need libkrb5-dev "the headers of Kerberos for them" /usr/include/krb5.h /usr/include/mit-krb5/krb5.h
    need krb5-user "kinit, by which Ansible gets tickets" kinit
    need krb5-kdc "a KDC whose tickets may last seconds, to the tests alone" /usr/sbin/krb5kdc
    need krb5-admin-server "makes its accounts" /usr/sbin/kadmin.local
    need faketime "lets Ansible's clock be wrong" faketime
    need samba-ad-dc "an Active Directory, to the tests alone" /usr/sbin/samba
    need samba-ad-provision "what a new Active Directory is made from" /usr/share/samba/setup/provision.ldif
fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here. Install what holds the same as these packages of Debian, then try again." >&2
    exit 1
fi
echo "Installing these packages of Debian."
sudo=()
[[ $EUID -eq 0 ]] || sudo=(sudo)
"${sudo[@]}" apt-get -qq update
if [[ $1 == wine ]]; then
    wine=$({ wine64 --version || /usr/lib/wine/wine64 --version || apt-cache policy wine64; } 2>/dev/null)
    if ! grep -qE '^wine-(9|[1-9][0-9])\.|Candidate: (9|[1-9][0-9])\.' <<<"$wine"; then
        echo "Wine 9 or newer is missing here, without which .NET 8 hangs. Debian 13 has Wine 10, Debian 12 only Wine 8." >&2
        exit 1
    fi
fi
packages=()
for alternatives in "${missing[@]}"; do
    for package in ${alternatives//|/ }; do
        if apt-cache show "$package" &>/dev/null; then break; fi
    done
    packages+=("$package") # the first that this release has
done
# Programs of these are what the tests start. Nobody has asked for a service (`systemctl unmask` with the names takes that back).
declare -A services=(
    [openssh-server]="ssh.service ssh.socket"
    [krb5-kdc]="krb5-kdc.service"
    [krb5-admin-server]="krb5-admin-server.service"
    [samba-ad-dc]="samba-ad-dc.service smbd.service nmbd.service winbind.service"
)
"${sudo[@]}" mkdir -p /etc/systemd/system
for package in "${packages[@]}"; do
    for service in ${services[$package]:-}; do
        "${sudo[@]}" ln -sfn /dev/null "/etc/systemd/system/$service"
    done
done
# Where systemd does not run, in a container, packages start their services in another way unless this forbids it:
# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap '"${sudo[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod +x "$policy"
fi
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${packages[@]}" >/dev/null
