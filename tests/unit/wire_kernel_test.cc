// SPDX-License-Identifier: GPL-2.0 OR MIT
// The wire format against the headers that the frontend in Linux is built with.
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <vscsi/engine.h>
#include <vscsi/wire.hpp>

namespace kernel
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include VSCSI_KERNEL_HEADER
#pragma GCC diagnostic pop
} // namespace kernel

#define SUITE WireKernel
#define THEIRS kernel::
#define THEIR_NAMESPACE kernel
#define PADDING padding
#include "wire_layout.inc"
