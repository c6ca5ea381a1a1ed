# SPDX-License-Identifier: GPL-2.0
# The only entry point; `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MODULE_DIR := drivers/xen-scsiback
LAB := tests/lab/lab
FRONT_DIR := drivers/xen-scsifront
FRONT := $(FRONT_DIR)/xen-scsifront.ko
ENGINE := $(wildcard drivers/xen-scsiback/engine/*.cc $(FRONT_DIR)/engine/*.cc)
TAPE := $(wildcard tests/tape/*.cc tests/tape/scsi/*.cc tests/tape/device/*.cc tests/tape/check/*.cc)
# The decoders; those that include CLI11 or JSON take clang-tidy up to a minute each.
TAPE_TIDY := $(filter tests/tape/scsi/% tests/tape/device/%,$(TAPE))
FABRIC := $(wildcard tests/fabric/*.cc tests/fabric/frames/*.cc tests/fabric/fabric/*.cc tests/fabric/links/*.cc tests/fabric/control/*.cc)
FABRIC_TIDY := $(filter tests/fabric/frames/% tests/fabric/fabric/% tests/fabric/links/%,$(FABRIC))
TOOLS := $(wildcard tools/core/*.cc tools/os/*.cc tools/act/*.cc tools/command/*.cc tools/daemon/*.cc)
# What decides, plans and undoes.
TOOLS_TIDY := $(filter tools/core/% tools/act/perform.cc tools/act/converge.cc tools/act/journal.cc,$(TOOLS))
MODULE := $(MODULE_DIR)/xen-scsiback.ko
MODULE_SOURCES := $(filter-out %.mod.c,$(wildcard $(foreach end,c h cc kbuild sh,$(MODULE_DIR)/*.$(end) \
	$(MODULE_DIR)/*/*.$(end)) $(MODULE_DIR)/Kbuild include/vscsi/*))
FRONT_SOURCES := $(filter-out %.mod.c,$(wildcard $(foreach end,c h cc hpp kbuild,$(FRONT_DIR)/*.$(end) \
	$(FRONT_DIR)/*/*.$(end)) $(FRONT_DIR)/Kbuild $(MODULE_DIR)/engine.kbuild include/vscsi/*))
LAYERS := tests/layers/layers
# Headers of the kernel that the module is built for.
KDIR ?= /lib/modules/$(shell uname -r)/build
# The tree's own module is for the host's suite, whatever is under test.
LAB_KDIR = /usr/src/linux-headers-$(shell $(LAB) kernel-version --own)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: lab-setup lab-module ## boot a real Xen host in QEMU and show a guest using a LUN
	@$(LAB) demo

demo-npiv: lab-setup lab-module ## three guests, each with a port of its own on a SAN made in software
	@$(LAB) demo npiv

test: lab-setup ## all set-up, then unit tests, module build and lab scenarios
	@tests/run

fuzz: setup ## build and run the fuzzers of engine and tools; ends with a table  [RUNS=1000000 or TIME=seconds, of each; HARNESS=]
	@RUNS=$(RUNS) TIME=$(TIME) tests/fuzz/fuzz run $(HARNESS)

fuzz-merge: setup ## what `make fuzz` found, without what adds nothing, into tests/fuzz/corpus
	@tests/fuzz/fuzz merge $(HARNESS)

fuzz-coverage: setup ## which branches of the engine the corpora do not reach; fails if one is not explained
	@tests/fuzz/fuzz coverage

test-unit: setup ## the engine's unit tests alone
	@tests/run unit

test-lab: lab-setup lab-module ## the lab's scenarios alone
	@tests/run lab

check: setup ## clang-format, clang-tidy, cppcheck, pyflakes, layers, examples in documents
	@$(MAKE) --no-print-directory -j $$(nproc) --output-sync $(CHECKS)

CHECKS := check-licences layers check-documents check-tools-tidy check-tape-tidy check-fabric-tidy check-engine-tidy check-tape check-fabric check-tools check-engine check-format check-python
CPPCHECK := cppcheck --std=c++20 --language=c++ --enable=warning,performance,portability,style --inline-suppr \
	--error-exitcode=1 --suppress=missingIncludeSystem --suppress=useStlAlgorithm -q

check-documents: tools
	@tests/documents/documents

check-format:
	clang-format --dry-run -Werror include/vscsi/*.hpp $(FRONT_DIR)/engine/*.hpp $(ENGINE) tests/unit/*.cc tests/unit/*.hpp tests/lab/tools/*.cc \
		tests/bench/plugin/*.cc tests/bench/plugin/*.hpp tests/bench/plugin/unit/*.cc \
		tests/lab/hostile/*.cc tests/lab/hostile/*.hpp tests/fuzz/*.cc tests/fuzz/*.hpp tests/fuzz/*/*.cc tests/fuzz/*/*.hpp $(TAPE) tests/tape/*.hpp tests/tape/*/*.hpp tests/tape/unit/*.cc \
		$(FABRIC) tests/fabric/*.hpp tests/fabric/*/*.hpp tests/fabric/unit/*.cc \
		$(TOOLS) tools/*/*.hpp tools/unit/*.cc tools/bench/*.cc tests/bench/engine/*.cc tests/bench/engine/*.hpp tests/sim/*.cc tests/sim/*.hpp

check-engine-tidy:
	clang-tidy --quiet $(ENGINE) -- -std=c++20 -Iinclude -ffreestanding
	clang-tidy --quiet --header-filter="tests/bench/.*" tests/bench/plugin/counts.cc -- -std=c++20

check-tape-tidy:
	$(call tidy-united,$(TAPE_TIDY),--header-filter="tests/tape/.*",-std=c++20 -Itests/tape -D_GNU_SOURCE)

check-fabric-tidy:
	$(call tidy-united,$(FABRIC_TIDY),--header-filter="tests/fabric/.*",-std=c++20 -Itests/fabric -D_GNU_SOURCE)

check-tools-tidy:
	$(call tidy-united,$(TOOLS_TIDY),--header-filter="tools/.*",-std=c++20 -Itools -D_GNU_SOURCE)

# Files, options, options of the compiler. As one file, since clang-tidy goes through all headers
# anew for each; by `cat` and not by #include, since what is included is not analyzed. What is
# found is told of each file by itself.
define tidy-united
@mkdir -p build/tidy && cat $(1) >build/tidy/$@.cc
clang-tidy --quiet $(2) build/tidy/$@.cc -- $(3) || { clang-tidy --quiet $(2) $(1) -- $(3); exit 1; }
endef

check-engine:
	$(CPPCHECK) -Iinclude drivers/xen-scsiback/engine $(FRONT_DIR)/engine

check-tape:
	$(CPPCHECK) -Itests/tape $(TAPE)

check-fabric:
	$(CPPCHECK) -Itests/fabric $(FABRIC)

check-tools:
	$(CPPCHECK) -Itools $(TOOLS)

check-licences:
	tests/spdx

check-python:
	/usr/bin/python3 -m pyflakes tests/run tests/sim/run tests/sim/mutants/run tests/fuzz/fuzz tests/fuzz/coverage.py tests/matrix.py tests/lab/lab tests/lab tests/bench/bench tests/bench tests/bench/engine/instructions targetcli-plugin \
		tests/layers/layers tests/layers tests/xl tests/documents/documents tests/documents/terminal tests/documents tests/spdx tests/packages/packages tests/packages

layers: tools $(MODULE) $(FRONT) ## whether calls, includes and imports go down the floors of layers.txt, never in a circle
	@$(LAYERS) objects $(MODULE_DIR)/layers.txt $(MODULE_DIR)
	@$(LAYERS) includes $(MODULE_DIR)/layers.txt $(MODULE_DIR)
	@$(LAYERS) objects $(FRONT_DIR)/layers.txt $(FRONT_DIR)
	@$(LAYERS) includes $(FRONT_DIR)/layers.txt $(FRONT_DIR)
	@$(LAYERS) objects tools/layers.txt --sources tools \
		$(foreach part,vscsi-tools xl-vscsi xen-vscsid,build/tools/CMakeFiles/$(part).dir)
	@$(LAYERS) includes --without unit --without bench tools/layers.txt tools
	@$(LAYERS) imports tests/lab/vscsilab
	@$(LAYERS) imports tests/bench/vscsibench
	@$(LAYERS) imports tests/packages/pkgtest
	@$(LAYERS) imports targetcli-plugin/xen_pvscsi_targetcli
	@$(LAYERS) imports tests/layers/layercheck

bench: lab-setup lab-module ## pvscsi against vbd, into Documentation/performance.md; with any of [MODE= ROWS= DRIVERS=] a table only
	@tests/bench/bench $(if $(MODE)$(ROWS)$(DRIVERS),run $(if $(MODE),--mode $(MODE)) $(if $(ROWS),--rows $(ROWS)) \
		$(if $(DRIVERS),--drivers $(DRIVERS)),all)

shell: lab-setup lab-module ## a shell in the lab's dom0, with the module at hand
	@$(LAB) shell

tapecheck: setup ## build build/tape/tapecheck, which tests tape drives and changers
	cmake -G Ninja -S tests/tape -B build/tape >/dev/null
	ninja -C build/tape --quiet tapecheck

fcswitch: setup ## build build/fabric/fcswitch, a Fibre Channel switch for FCoE that shows NPIV without hardware
	cmake -G Ninja -S tests/fabric -B build/fabric >/dev/null
	ninja -C build/fabric --quiet fcswitch

bench-engine: setup ## what the engine costs a request: ns, and instructions
	cmake -G Ninja -S tests/bench/engine -B build/bench-engine >/dev/null
	ninja -C build/bench-engine --quiet engine-bench
	build/bench-engine/engine-bench
	@tests/bench/engine/instructions build/bench-engine/engine-bench

bench-tools: setup ## what it costs the daemon to decide for 16,000 LUNs, of one guest or of 500; and up to 64 vports
	cmake -G Ninja -S tools -B build/tools >/dev/null
	ninja -C build/tools --quiet tools-bench
	build/tools/tools-bench

tools: ## build build/tools/xl-vscsi and build/tools/xen-vscsid
	@$(call needs,cmake,cmake) && $(call needs,ninja,ninja-build) && $(call needs,$(CXX),g++)
	@cmake -G Ninja -S tools -B build/tools >/dev/null || { echo "cmake could not find what the tools need" \
		"(see above, and Documentation/packages.md)" >&2; exit 1; }
	ninja -C build/tools --quiet xl-vscsi xen-vscsid

# Program, and the package of Debian that has it.
define needs
{ command -v $(1) >/dev/null || { echo "$(1) is needed and not there: install it (in Debian, apt install $(2))" >&2; exit 1; }; }
endef

PREFIX ?= /usr

install-tools: tools ## install them with man pages, completion and systemd unit  [DESTDIR= PREFIX=/usr]
	cmake -DCMAKE_INSTALL_PREFIX=$(PREFIX) build/tools >/dev/null
	cmake --install build/tools --strip >/dev/null

uninstall-tools: ## remove what install-tools installed from this tree  [DESTDIR=]
	@[ -e build/tools/install_manifest.txt ] || { echo "nothing was installed from this tree" >&2; exit 1; }
	sed 's|^|$(DESTDIR)|' build/tools/install_manifest.txt | tr '\n' '\0' | xargs -0 rm -f

PYTHON_DIR ?= /usr/lib/python3/dist-packages
UNIT_DIR ?= /usr/lib/systemd/system

install-plugin: ## install the targetcli plugin  [DESTDIR=]
	install -d $(DESTDIR)$(PYTHON_DIR)/xen_pvscsi_targetcli
	install -m 644 targetcli-plugin/xen_pvscsi_targetcli/*.py $(DESTDIR)$(PYTHON_DIR)/xen_pvscsi_targetcli
	install -m 644 targetcli-plugin/xen-pvscsi-targetcli.pth $(DESTDIR)$(PYTHON_DIR)
	for unit in rtslib-fb-targetctl target; do \
		install -D -m 644 tools/systemd/targetctl-xen-pvscsi.conf \
			$(DESTDIR)$(UNIT_DIR)/$$unit.service.d/xen-pvscsi.conf || exit 1; \
	done

# Before /usr/sbin in everybody's PATH, and of no package.
XL_DIR ?= /usr/local/sbin
XL_COMPLETION_DIR ?= /usr/local/share/bash-completion/completions
XL_INSTALLED = $(DESTDIR)$(XL_DIR)/xl
XL_COMPLETION = $(DESTDIR)$(XL_COMPLETION_DIR)/xl
# Succeeds where a file may be written or removed: nothing is there, or one that says it is ours.
define xl-ours
{ [ ! -e "$(1)" ] && [ ! -L "$(1)" ]; } || grep -qs "^# xl of xen-pvscsi: " "$(1)"
endef

install-xl: ## install `xl vscsi ...`: a small script before the stock xl  [DESTDIR= XL_DIR=/usr/local/sbin]
	@for file in '$(XL_INSTALLED)' '$(XL_COMPLETION)'; do $(call xl-ours,$$file) || { \
		echo "$$file is there already and is not ours; move it away, or name another folder by XL_DIR= or" \
			"XL_COMPLETION_DIR=" >&2; exit 1; }; done
	install -D -m 755 tools/xl/xl '$(XL_INSTALLED)'
	install -D -m 644 tools/completion/xl-shim '$(XL_COMPLETION)'

uninstall-xl: ## remove what install-xl installed  [DESTDIR= XL_DIR=]
	@for file in '$(XL_INSTALLED)' '$(XL_COMPLETION)'; do if $(call xl-ours,$$file); then rm -f "$$file"; else \
		echo "$$file is not ours and is left" >&2; fi; done

deb: ## build Debian packages of this tree for this machine, into build/deb  [DEB_FLAGS=-b]
	packaging/deb build/deb $(DEB_FLAGS)

DEB_FLAGS ?= -b
# Which rpm cannot check where dpkg has installed what is needed.
RPM_FLAGS ?= $(if $(wildcard /etc/debian_version),--nodeps)

rpm: ## build RPMs of this tree for this machine, into build/rpm  [RPM_FLAGS=]
	packaging/rpm/build build/rpm $(RPM_FLAGS)

dkms-tarball: ## make the module's sources for DKMS, build/xen-scsiback-VERSION.dkms.tar.gz
	@packaging/dkms/tarball build

# What a release is tested with.
TESTS ?= check test

release: ## check version, changelog and tree, run TESTS, make tag and tarball  [TESTS="check test"]
	@packaging/release $(TESTS)

test-boot: lab-setup ## boots a dom0 of Debian and the packages alone, cuts its power, upgrades it, an hour
	tests/packages/packages --boot
	@$(LAB) run guide packages

test-packages: ## build, install, upgrade and purge the packages in trees of Debian 12 and 13, half an hour  [SUITES=]
	tests/packages/packages $(SUITES)

include $(MODULE_DIR)/kernel/supported.kbuild

modules: ## build drivers/xen-scsiback/xen-scsiback.ko  [KDIR=kernel headers]
	@[ -e $(KDIR)/Makefile ] || { echo "no kernel headers in $(KDIR): install linux-headers-..., or name theirs by KDIR=" >&2; exit 1; }
	@$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULE_DIR) modules || { release=$$($(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease); \
		echo "the module was not built for $${release:-$(KDIR)}; supported are $(vscsi-supported)" >&2; exit 1; }

frontend-module: ## build drivers/xen-scsifront/xen-scsifront.ko, for guests that need large requests  [KDIR=kernel headers]
	@[ -e $(KDIR)/Makefile ] || { echo "no kernel headers in $(KDIR): install linux-headers-..., or name theirs by KDIR=" >&2; exit 1; }
	@$(MAKE) -C $(KDIR) M=$(CURDIR)/$(FRONT_DIR) modules

install: modules ## install the module for the kernel of KDIR, before the in-tree one
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULE_DIR) INSTALL_MOD_DIR=updates modules_install

# For those who read its objects: as for the lab, but without the lab's images.
$(MODULE): $(MODULE_SOURCES) | kernel-headers
	@$(MAKE) --no-print-directory modules KDIR=$(LAB_KDIR) CONFIG_DEBUG_INFO_BTF_MODULES= >/dev/null

$(FRONT): $(FRONT_SOURCES) | kernel-headers
	@$(MAKE) --no-print-directory frontend-module KDIR=$(LAB_KDIR) CONFIG_DEBUG_INFO_BTF_MODULES= >/dev/null

kernel-headers: setup
	@tests/setup $(notdir $(LAB_KDIR))

setup: ## install the packages that building and testing need
	@tests/setup

lab-setup: setup ## build the lab's images and snapshots, or find them cached
	@$(LAB) setup

# In the tree for the host's own suite, aside for the one that VSCSI_LAB_SUITE names.
lab-module: lab-setup
	@$(LAB) module >/dev/null

clean: ## remove what was built (`tests/lab/lab clean` removes the lab's images)
	rm -rf build
	find $(MODULE_DIR) \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name modules.order -o -name Module.symvers \) -delete

test-long: setup lab-setup lab-module ## the scenarios that `make test` leaves out, an hour
	@tests/run lab-long

test-debug: setup lab-setup ## scenarios on a dom0 kernel that checks itself, built at the first time  [DEBUG_KIND=lockdep|kcsan VSCSI_LAB_SUITE=bookworm|trixie SCENARIOS=]
	@DEBUG_KIND=$(DEBUG_KIND) SCENARIOS="$(SCENARIOS)" tests/run lab-debug

matrix: setup ## every suite of Debian: module without warnings, short scenarios, a table  [VSCSI_LAB_SUITES= SCENARIOS= DRIVER= RESUME=1]
	@tests/run matrix

sim: setup ## schedules of guests, devices and faults on the engine, on all processors  [SCHEDULES=1000000|HOURS= FIRST=1]
	@tests/sim/run $(if $(SCHEDULES),--schedules $(SCHEDULES)) $(if $(HOURS),--hours $(HOURS)) $(if $(FIRST),--first $(FIRST))

sim-mutants: setup ## deliberate faults of the engine, and who finds each; ends with a table
	@tests/sim/mutants/run

soak: setup lab-setup lab-module ## what comes and goes under load, round after round  [HOURS=1]
	@HOURS=$(HOURS) tests/run soak

test-plugin-new: setup ## the targetcli plugin's tests against the newest packages of Debian
	@targetcli-plugin/test/newest

.PHONY: $(CHECKS) help demo demo-npiv test sim sim-mutants fuzz fuzz-merge fuzz-coverage bench bench-engine bench-tools test-unit test-lab test-long test-debug matrix soak test-plugin-new check shell tapecheck fcswitch tools install-tools install-plugin install-xl uninstall-xl uninstall-tools deb rpm dkms-tarball release test-packages test-boot modules install kernel-headers setup lab-setup lab-module clean
