#!/bin/sh
# Write requirements.lock: the pins of constraints.txt that `make` installs, with the sha256 of every
# file that PyPI has of them. Torch is left out: which build of it is right (CPU, or CUDA with its
# libraries) depends on the machine, and the CPU builds are not on PyPI.
set -eu
uv="$1"
overrides="$(mktemp)"
trap 'rm -f "$overrides"' EXIT
echo 'torch ; sys_platform == "none"' >"$overrides"
{
	echo "# Made by make lock. With these hashes make installs everything but torch and datakit."
	"$uv" pip compile pyproject.toml --quiet --no-config --universal --python-version 3.11 \
		--default-index https://pypi.org/simple --extra all --extra dev --constraints constraints.txt \
		--overrides "$overrides" --no-emit-package torch --no-emit-package sympy \
		--no-emit-package setuptools --no-emit-package mpmath \
		--generate-hashes --no-annotate --no-header
} >requirements.lock.part
mv requirements.lock.part requirements.lock
