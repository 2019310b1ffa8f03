#!/bin/sh
# Programs that some tests look through: Debian's Chromium at the report and the review, zsh and fish
# at the completion. Without them those tests skip and say so: what cannot be installed here is no
# error.
missing=""
command -v chromium >/dev/null && command -v chromedriver >/dev/null ||
	missing="$missing chromium chromium-driver"
for shell in zsh fish; do
	command -v "$shell" >/dev/null || missing="$missing $shell"
done
[ -z "$missing" ] && exit 0
how="apt-get install -y$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing$missing for the tests"
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive $how -q; } >/dev/null 2>&1 && exit 0
fi
echo "Not installed:$missing. The tests that need them will be skipped. Install them: sudo $how"
exit 0
