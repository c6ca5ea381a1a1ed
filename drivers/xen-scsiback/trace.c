// SPDX-License-Identifier: GPL-2.0
#include "shim.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
