// SPDX-License-Identifier: GPL-2.0 OR MIT
// What an operator can ask and change, a line each.
#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "fabric/fabric.hpp"
#include "fabric/impairment.hpp"

namespace control
{

using nlohmann::json;

// What is wrong with a line.
class Mistake : public std::runtime_error
{
public:
	using std::runtime_error::runtime_error;
};

struct LinkState {
	std::string name;
	bool up = false;
	std::uint64_t frames_in = 0;
	std::uint64_t frames_out = 0;
	std::uint64_t bytes_in = 0;
	std::uint64_t bytes_out = 0;
	std::uint64_t lost = 0;
};

// What the commands work on.
struct Parts {
	fabric::Fabric &fabric;
	fabric::Impairment &impairment;
	std::function<fabric::Time()> now;
	std::function<std::vector<LinkState>()> links;
	// Of the link by this number.
	std::function<void(std::size_t, bool)> carrier;
};

// Always an object; one with "error" if the line could not be done.
json execute(Parts &parts, std::string_view line);

} // namespace control
