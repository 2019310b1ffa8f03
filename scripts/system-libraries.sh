#!/bin/sh
# OpenCV and MediaPipe load libGL and glib from the system; a slim machine lacks them.
missing=""
ldconfig -p 2>/dev/null | grep -q 'libGL\.so\.1' || missing="$missing libgl1"
ldconfig -p 2>/dev/null | grep -q 'libglib-2\.0\.so\.0' || missing="$missing libglib2.0-0"
[ -z "$missing" ] && exit 0
command -v ldconfig >/dev/null || exit 0 # not a glibc Linux: the wheels bring what they need
how="apt-get install -y$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing system libraries:$missing"
	{ apt-get update -q && DEBIAN_FRONTEND=noninteractive $how -q; } >/dev/null && exit 0
fi
echo "These system libraries are missing:$missing. Install them: sudo $how"
exit 2
