#!/bin/sh
# What a release needs beyond the tests: every file has a licence, wheel and sdist build, describe
# themselves and install, and the steps of the Dockerfile run (in an environment, without an engine).
# Usage: scripts/release-check.sh BIN PYTHON; leaves the packages and their SBOM in dist/.
set -eu
bin="$1" python="$2"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$bin/reuse" lint --quiet || "$bin/reuse" lint
"$bin/hadolint" Dockerfile
rm -rf dist
"$bin/python" -m build --outdir dist . >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$bin/twine" check --strict dist/*

# As a user of the package index without our wheel has it.
"$python" -m venv "$work/sdist"
"$work/sdist/bin/python" -m pip install --quiet --disable-pip-version-check \
	-c constraints.txt dist/*.tar.gz
"$work/sdist/bin/datakit" validate sample_data/portraits --json >"$work/validate.json"

# The image's steps, in a copy, as pip builds beside the sources.
git archive HEAD | tar x -C "$work" --one-top-level=source
"$python" -m venv "$work/image"
sed -n '/^RUN /,/[^\\]$/p' Dockerfile | sed 's/^RUN //' >"$work/steps.sh"
(cd "$work/source" && PATH="$work/image/bin:$PATH" sh -e "$work/steps.sh" >"$work/steps.log" 2>&1) ||
	{ tail -50 "$work/steps.log"; exit 1; }
(cd "$work" && PATH="$work/image/bin:$PATH" && datakit doctor && datakit stats source/sample_data/photos)
"$bin/cyclonedx-py" environment "$work/image/bin/python" --output-file dist/sbom.cyclonedx.json
