# The two commands a person needs: `make demo` and `make test`. Both make .venv when it is not there.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$name; break; }; done)
BIN := .venv/bin
STAMP := .venv/.installed
DEMO ?= demo

export NO_ALBUMENTATIONS_UPDATE := 1

.PHONY: demo test slow lint schemas sample-data pictures clean

demo: $(STAMP)
	$(BIN)/datakit run sample_data/demo.yaml -o $(DEMO)

test: $(STAMP)
	@sh scripts/browser.sh
	$(BIN)/python -m pytest -q -m "not slow and not cuda"

slow: $(STAMP)
	$(BIN)/python -m pytest -q -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_schemas.py tests/test_documented.py

schemas: $(STAMP)
	$(BIN)/python -m datakit.verbs.schemas schemas

sample-data: $(STAMP)
	$(BIN)/python sample_data/generate.py

pictures: $(STAMP)
	$(BIN)/python docs/pictures/make.py
	$(BIN)/python docs/pictures/make_review.py

clean:
	rm -rf .venv $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "datakit needs Python 3.11, 3.12 or 3.13; found none on PATH"; exit 2; }
	@sh scripts/system-libraries.sh
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@touch $@
