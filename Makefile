# The only entry point; `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

MODULE_DIR := drivers/xen-scsiback
LAB := tests/lab/lab
# Headers of the kernel that the module is built for.
KDIR ?= /lib/modules/$(shell uname -r)/build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

modules: ## build drivers/xen-scsiback/xen-scsiback.ko  [KDIR=kernel headers]
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(MODULE_DIR) modules

clean: ## remove what was built (the lab's cached images stay: `tests/lab/lab clean`)
	rm -rf build
	find $(MODULE_DIR) \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name modules.order -o -name Module.symvers \) -delete

.PHONY: help modules clean
