#!/bin/sh
# The tests of the report and the review look at them in Debian's Chromium. Without it they skip and
# say so: what cannot be installed here is no error.
command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit 0
how="apt-get install -y chromium chromium-driver"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing chromium and chromedriver for the browser tests"
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive $how -q; } >/dev/null 2>&1 && exit 0
fi
echo "No chromium and chromedriver: the browser tests will be skipped. Install them: sudo $how"
exit 0
