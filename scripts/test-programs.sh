#!/bin/sh
# Programs that some tests look through: Debian's Chromium and Firefox at the report and the review,
# zsh and fish at the completion. Without them those tests skip and say so: what cannot be installed
# here is no error.
missing=""
command -v chromium >/dev/null && command -v chromedriver >/dev/null ||
	missing="$missing chromium chromium-driver"
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing="$missing firefox-esr"
for shell in zsh fish; do
	command -v "$shell" >/dev/null || missing="$missing $shell"
done
[ -z "$missing" ] && exit 0
how="apt-get install -y"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing$missing for the tests"
	apt-get update -q >/dev/null 2>&1
	left=""
	# One by one: what cannot be had must not keep the others away.
	for program in $missing; do
		DEBIAN_FRONTEND=noninteractive $how -q "$program" >/dev/null 2>&1 || left="$left $program"
	done
	[ -z "$left" ] && exit 0
	missing="$left"
fi
echo "Not installed:$missing. The tests that need them will be skipped. Install them: sudo $how$missing"
exit 0
