// SPDX-License-Identifier: GPL-2.0
#include "command/toptext.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include <fmt/core.h>

#include "command/fit.hpp"

namespace vscsi
{

namespace
{

constexpr double per_kilobyte = 1024;
constexpr double per_millisecond = 1e6;
constexpr unsigned head_lines = 2;
constexpr std::size_t usual_name = 16; // where there is not room for all
constexpr std::size_t least_name = 5;

struct Row {
	std::string guest;
	Vdev vdev;
	const LunCounters *since = nullptr;
	const LunCounters *now = nullptr;
};

std::string guest_name(const TopView &view, DomId id)
{
	const auto found = view.domains.find(id);
	return found == view.domains.end() || found->second.name.empty() ? fmt::format("({})", id)
									 : found->second.name;
}

// What is larger comes first.
double weight(const Row &row, TopOrder order)
{
	switch (order) {
	case TopOrder::address:
		return 0;
	case TopOrder::rate:
		return static_cast<double>(row.since->requests);
	case TopOrder::bytes:
		return static_cast<double>(row.since->bytes_read + row.since->bytes_written);
	case TopOrder::latency:
		return row.since->total.mean();
	case TopOrder::depth:
		return static_cast<double>(row.now->in_flight);
	case TopOrder::errors:
		return static_cast<double>(row.since->errors() + row.since->aborts + row.since->resets);
	}
	return 0;
}

std::vector<Row> sorted_rows(const TopView &view, TopOrder order)
{
	std::vector<Row> rows;
	for (const auto &[key, controller] : view.load.since)
		for (const auto &[vdev, lun] : controller.luns)
			rows.push_back({guest_name(view, key.domain), vdev, &lun,
					&view.load.now.at(key).luns.at(vdev)});
	std::ranges::stable_sort(rows, std::ranges::greater{},
				 [order](const Row &row) { return weight(row, order); });
	return rows;
}

// So that a small number can be told from none.
std::string milliseconds_text(double ns)
{
	const double ms = ns / per_millisecond;
	return ms < 10    ? fmt::format("{:.3f}", ms)
	       : ms < 100 ? fmt::format("{:.2f}", ms)
			  : fmt::format("{:.0f}", ms);
}

std::string tail_text(const Latency &latency)
{
	const std::uint64_t bound = latency.below(tail_share);
	return bound ? milliseconds_text(static_cast<double>(bound)) : "-";
}

std::string rate_text(const Load &load, std::uint64_t count)
{
	return fmt::format("{:.0f}", load.rate(count));
}

std::string kilobytes_text(const Load &load, std::uint64_t bytes)
{
	return fmt::format("{:.0f}", load.rate(bytes) / per_kilobyte);
}

// What says most of how a guest fares stays longest.
enum class Rank : unsigned { stays, sorted_by, tail, rates, errors, depth, device, bytes, queue, aborts };

struct Column {
	const char *title;
	std::size_t least; // so that columns do not move with each picture
	Rank rank;
};

// Those of text come first; the name is the first.
constexpr std::size_t text_columns = 2;
constexpr std::array<Column, 13> columns{{
	{"GUEST", least_name, Rank::stays},
	{"VDEV", 8, Rank::stays},
	{"QD", 3, Rank::depth},
	{"R/s", 6, Rank::rates},
	{"W/s", 6, Rank::rates},
	{"RKiB/s", 7, Rank::bytes},
	{"WKiB/s", 7, Rank::bytes},
	{"QUEUE", 6, Rank::queue},
	{"DEVICE", 6, Rank::device},
	{"TOTAL", 6, Rank::stays},
	{"P99<", 6, Rank::tail},
	{"ERR", 4, Rank::errors},
	{"ABRT", 4, Rank::aborts},
}};

// A cell for each of the columns.
using Line = std::array<std::string, columns.size()>;

Line line_of(const Load &load, const Row &row)
{
	const LunCounters &since = *row.since;
	return {row.guest,
		to_string(row.vdev),
		std::to_string(row.now->in_flight),
		rate_text(load, since.reads),
		rate_text(load, since.writes),
		kilobytes_text(load, since.bytes_read),
		kilobytes_text(load, since.bytes_written),
		milliseconds_text(since.queue.mean()),
		milliseconds_text(since.device.mean()),
		milliseconds_text(since.total.mean()),
		tail_text(since.total),
		std::to_string(since.errors()),
		std::to_string(since.aborts + since.resets)};
}

// What the rows are sorted by is the last to go.
unsigned rank_of(const Column &column, TopOrder order)
{
	const bool key =
		(order == TopOrder::rate && column.rank == Rank::rates) ||
		(order == TopOrder::bytes && column.rank == Rank::bytes) ||
		(order == TopOrder::depth && column.rank == Rank::depth) ||
		(order == TopOrder::errors && (column.rank == Rank::errors || column.rank == Rank::aborts));
	return static_cast<unsigned>(key ? Rank::sorted_by : column.rank);
}

struct Table {
	std::string text;
	std::string hidden; // titles of the columns that are not in it
};

std::string line_text(const Line &line, std::span<const Part> parts, const std::vector<bool> &shown)
{
	std::string text;
	for (std::size_t at = 0; at < line.size(); ++at) {
		if (!shown[at])
			continue;
		const std::size_t width = parts[at].width - 1;
		const std::string cell = shortened(line[at], width);
		const std::string space(width - text_width(cell), ' ');
		text += (text.empty() ? "" : " ") + (at < text_columns ? cell + space : space + cell);
	}
	return text + '\n';
}

Table make_table(const Load &load, std::span<const Row> rows, TopOrder order, unsigned room)
{
	std::vector<Line> lines(1);
	for (const Row &row : rows)
		lines.push_back(line_of(load, row));
	std::vector<Part> parts;
	for (std::size_t at = 0; at < columns.size(); ++at) {
		lines[0][at] = columns[at].title;
		std::size_t width = columns[at].least;
		for (const Line &line : lines)
			width = std::max(width, text_width(line[at]));
		parts.push_back({width + 1, rank_of(columns[at], order)});
	}
	// The last column needs no gap behind it.
	const std::size_t limit = room ? room + 1 : 0;
	Part &name = parts.front();
	if (limit && width_of(parts, fitting(parts, 0)) > limit)
		name.width = std::min(name.width, usual_name + 1);
	const std::vector<bool> shown = fitting(parts, limit);
	if (const std::size_t width = width_of(parts, shown); limit && width > limit) {
		const std::size_t excess = width - limit;
		if (name.width < excess + least_name + 1)
			return {"too narrow\n", {}};
		name.width -= excess;
	}
	Table table;
	for (const Line &line : lines)
		table.text += line_text(line, parts, shown);
	for (std::size_t at = 0; at < columns.size(); ++at)
		if (!shown[at])
			table.hidden += fmt::format(" {}", columns[at].title);
	return table;
}

// Words of a line, of which the least important ones go.
struct Phrase {
	std::string text;
	unsigned rank = 0;
	const char *gap = "  "; // behind it
};

std::string phrases_text(std::span<const Phrase> phrases, unsigned room)
{
	std::vector<Part> parts;
	for (const Phrase &phrase : phrases)
		parts.push_back({text_width(phrase.text) + text_width(phrase.gap), phrase.rank});
	const std::size_t last_gap = text_width(Phrase{}.gap);
	const std::vector<bool> shown = fitting(parts, room ? room + last_gap : 0);
	std::string text, gap;
	for (std::size_t at = 0; at < phrases.size(); ++at) {
		if (!shown[at])
			continue;
		text += gap + phrases[at].text;
		gap = phrases[at].gap;
	}
	return text + '\n';
}

std::string head_text(const TopView &view, std::size_t luns, TopOrder order, unsigned room)
{
	std::set<DomId> guests;
	std::uint64_t requests = 0, bytes = 0, rejected = 0, abandoned = 0;
	for (const auto &[key, controller] : view.load.since) {
		guests.insert(key.domain);
		requests += controller.counters.requests;
		bytes += controller.counters.bytes_read + controller.counters.bytes_written;
		rejected += controller.counters.rejected();
		abandoned += controller.counters.abandoned;
	}
	std::vector<Phrase> phrases{
		{"xl-vscsi", 7, " "},
		{local_time(view, "%Y-%m-%d"), 9, " "},
		{local_time(view, "%H:%M:%S"), 0},
		{fmt::format("{:.1f} s", view.load.seconds), 3},
		{fmt::format("guests {}", guests.size()), 6},
		{fmt::format("LUNs {}", luns), 5},
		{fmt::format("requests/s {}", rate_text(view.load, requests)), 2},
		{fmt::format("KiB/s {}", kilobytes_text(view.load, bytes)), 4},
	};
	if (rejected)
		phrases.push_back({fmt::format("rejected {}", rejected), 1});
	if (abandoned)
		phrases.push_back({fmt::format("abandoned {}", abandoned), 1});
	if (order != TopOrder::address)
		phrases.push_back({fmt::format("by {}", order_name(order)), 8});
	return phrases_text(phrases, room);
}

std::string frame_rate(const Load &load, const std::optional<std::uint64_t> &frames)
{
	return frames ? rate_text(load, *frames) : "-";
}

// A line each, the guests' in order, those that are not logged in first; as many as there is room for.
std::string vports_part(const TopView &view, std::size_t room, unsigned width)
{
	std::vector<const TopVport *> all;
	for (const TopVport &one : view.vports)
		all.push_back(&one);
	std::ranges::stable_sort(all, std::ranges::less{}, [](const TopVport *one) {
		return std::pair{one->state == "Active", one->owner};
	});
	std::string text;
	for (const TopVport *const one : all) {
		if (room-- == 0)
			break;
		const std::vector<Phrase> phrases{
			{fmt::format("vport {}", to_string(one->port)), 0},
			{one->owner, 1},
			{one->state, 0},
			{fmt::format("frames/s sent {}", frame_rate(view.load, one->since.tx_frames)), 2},
			{fmt::format("received {}", frame_rate(view.load, one->since.rx_frames)), 2},
			{fmt::format("in error {}", frame_rate(view.load, one->since.error_frames)), 3},
		};
		text += phrases_text(phrases, width);
	}
	return text;
}

Table picture(const TopView &view, TopOrder order, Window window)
{
	const std::vector<Row> rows = sorted_rows(view, order);
	Table all{head_text(view, rows.size(), order, window.columns), {}};
	const bool whole = window.rows == 0 || rows.size() + head_lines <= window.rows;
	// The last line is for what is missing.
	const std::size_t room = window.rows > head_lines ? window.rows - head_lines - 1 : 0;
	const std::size_t shown = whole ? rows.size() : room;
	if (whole || shown) {
		const Table table =
			make_table(view.load, std::span{rows}.first(shown), order, window.columns);
		all.text += table.text;
		all.hidden = table.hidden;
	}
	if (!whole && window.rows > 1)
		all.text += fmt::format("{} more\n", rows.size() - shown);
	const std::size_t used = rows.size() + head_lines;
	if (whole)
		all.text += vports_part(view, window.rows ? window.rows - used : view.vports.size(),
					window.columns);
	return all;
}

} // namespace

std::string top_text(const TopView &view, TopOrder order, Window window)
{
	return picture(view, order, window).text;
}

std::string top_screen(const TopView &view, TopOrder order, Window window)
{
	if (window.rows < 2)
		return top_text(view, order, window);
	--window.rows;
	const Table all = picture(view, order, window);
	std::vector<Phrase> keys{{"q: quit"}, {fmt::format("s: sort ({})", order_name(order)), 1}};
	if (!all.hidden.empty())
		keys.push_back({"no room for" + all.hidden, 2});
	return all.text + phrases_text(keys, window.columns);
}

} // namespace vscsi
