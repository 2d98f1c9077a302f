# The front door. Everything is built by CMake (CMakePresets.json); this only names what people do.
#
#   make run      install what is needed, build, start the example fleet in the foreground
#   make test     install what is needed, build with sanitizers, run every test
#   make bench    CPU per message, beside the yardsticks
#   make footprint  memory, start, wake-ups and size, beside the yardsticks; fails where an aim is missed
#   make fuzz     fuzz every parser for FUZZ_SECONDS (default 60) each
#   make arm64 | armhf | amd64    build with the libraries of this machine's Debian, from its packages, into build/arm64, …
#   make arm64-trixie | armhf-trixie | amd64-trixie    the same with Debian 13's libraries, on whatever Debian this is
#   make cross-test       those builds' tests: unit, and a list of end-to-end ones, under qemu where it is another processor
#   make reproducible     builds twice, as differently as it can, and compares (PRESET=release)
#   make deb      a Debian package for this machine, in build/packages
#   make deb-arm64 | deb-armhf | deb-arm64-trixie | deb-armhf-trixie | deb-amd64-trixie    of a cross build
#   make debs     all six
#   make deb-test lintian on this machine's package, and its life in a fresh Debian: installed, upgraded, removed, purged (PACKAGES="release arm64 …")
#   make box-test the package in a whole machine: Debian with its own kernel and systemd, in QEMU (BOX="restarts power" for some themes)
SHELL := /bin/bash
PRESETS := debug release asan clang
CROSS := arm64 armhf amd64 arm64-trixie armhf-trixie amd64-trixie
DEBS := $(patsubst %,deb-%,$(filter-out amd64,$(CROSS)))
FUZZ_SECONDS ?= 60
# Servers that tests and yardsticks start are in folders that an ordinary user's path has not.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: run test bench fuzz cross-test reproducible deb debs deb-test box-test format clean $(PRESETS) $(CROSS) $(DEBS)

run: release
	@toolchains/packages demo
	@board/demo/run build/release/fairlead

test:
	@toolchains/packages build test cross deb debtest
	@tests/run

bench: release
	@toolchains/packages build bench
	@tests/bench/run $(BENCH)

.PHONY: footprint
footprint: release
	@toolchains/packages build bench
	@tests/bench/footprint $(FOOTPRINT)

fuzz:
	@toolchains/packages build test
	@cmake --preset fuzz >/dev/null && cmake --build --preset fuzz
	@tests/fuzz/run build/fuzz $(FUZZ_SECONDS)

$(CROSS):
	@toolchains/packages build cross
	@toolchains/sysroot $@
	@cmake --preset $@ >/dev/null && cmake --build --preset $@

cross-test: arm64 armhf arm64-trixie armhf-trixie amd64-trixie
	@toolchains/packages build test cross
	@for preset in $^; do ctest --test-dir build/$$preset --output-on-failure -j $$(nproc) -L 'unit|e2e|package' || exit 1; done

PRESET ?= release
reproducible:
	@toolchains/packages build deb
	@[ $(PRESET) = release ] || { toolchains/packages cross && toolchains/sysroot $(PRESET); }
	@tests/package/reproducible $(PRESET)

deb:
	@toolchains/packages build deb
	@cmake --preset release >/dev/null
	@toolchains/deb release

$(DEBS): deb-%:
	@toolchains/packages build cross deb
	@toolchains/sysroot $*
	@cmake --preset $* >/dev/null
	@toolchains/deb $*

debs: deb $(DEBS)

PACKAGES ?= release
deb-test:
	@toolchains/packages build cross deb debtest
	@for name in $(filter-out release,$(PACKAGES)); do toolchains/sysroot $$name || exit 1; done
	@tests/package/run $(PACKAGES)

box-test: deb release
	@toolchains/packages box
	@tests/box/run "$$(ls -t build/packages/fairlead_*_$$(dpkg --print-architecture).deb | head -1)" $(BOX)

$(PRESETS):
	@toolchains/packages build
	@cmake --preset $@ >/dev/null && cmake --build --preset $@

format:
	@find src adapters tests -name '*.[ch]' -print0 | xargs -0 clang-format -i

clean:
	@rm -rf build
