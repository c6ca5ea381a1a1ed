// SPDX-License-Identifier: GPL-2.0
#include "act/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "core/failure.hpp"
#include "os/files.hpp"
#include "os/interrupt.hpp"

namespace vscsi
{

namespace
{

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::string_view given_word = "given";
// A line that ends so was not written whole.
constexpr char cut_off = '\x18';
constexpr milliseconds pause{50};
constexpr std::chrono::seconds kernel_patience{3};

int open_lock(const fs::path &file)
{
	std::error_code error;
	fs::create_directories(file.parent_path(), error);
	const int opened = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (opened < 0)
		fail(Exit::environment, "cannot open {}: {}. This must run as root", file.string(),
		     error_text(errno));
	return opened;
}

bool lock_now(int file)
{
	if (flock(file, LOCK_EX | LOCK_NB) != 0)
		return false;
	const std::string holder = std::to_string(getpid()) + '\n';
	// For the message of those who wait only.
	if (ftruncate(file, 0) == 0 && pwrite(file, holder.data(), holder.size(), 0) < 0)
		return true;
	return true;
}

// Whoever has the lock may remove the file, and then it is nobody's.
bool is_file_at(int opened, const fs::path &path)
{
	struct stat have {
	};
	struct stat there {
	};
	return fstat(opened, &have) == 0 && stat(path.c_str(), &there) == 0 && have.st_ino == there.st_ino &&
	       have.st_dev == there.st_dev;
}

// Where power or space ended within a line, half of it names something else: LUN 1 of LUN 12.
std::vector<std::string> whole_lines(const fs::path &file)
{
	std::vector<std::string> lines;
	const std::string text = read_file(file).value_or("");
	std::size_t at = 0;
	for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
		if (end > at && text[end - 1] != cut_off)
			lines.push_back(text.substr(at, end - at));
	return lines;
}

} // namespace

std::optional<Lock> Lock::attempt(const fs::path &file)
{
	for (;;) {
		Lock lock{open_lock(file)};
		if (!lock_now(lock.m_file))
			return {};
		if (is_file_at(lock.m_file, file))
			return lock;
	}
}

void Lock::remove_file(const fs::path &file)
{
	std::error_code error;
	if (fs::exists(file, error))
		if (const auto lock = attempt(file))
			fs::remove(file, error);
}

Lock Lock::take(const fs::path &file, std::chrono::seconds patience)
{
	const auto limit = steady_clock::now() + patience;
	for (;;) {
		if (auto lock = attempt(file))
			return *std::move(lock);
		if (steady_clock::now() >= limit)
			fail(Exit::timed_out,
			     "process {} has been changing the same for {} s ({}). Wait for it, or use "
			     "--wait",
			     first_line(file), patience.count(), file.string());
		if (take_interrupt())
			fail(Exit::interrupted, "interrupted while process {} was changing the same ({})",
			     first_line(file), file.string());
		std::this_thread::sleep_for(pause);
	}
}

Lock::~Lock()
{
	if (m_file >= 0)
		close(m_file);
}

// What was cut off stays a line of its own, that says nothing.
void Journal::append(const std::string &line)
{
	const std::string before = read_file(m_file).value_or("");
	std::ofstream stream{m_file, std::ios::app};
	if (!before.empty() && before.back() != '\n')
		stream << cut_off << '\n';
	stream << line << '\n' << std::flush;
	if (!stream)
		fail(Exit::environment, "cannot write {}", m_file.string());
}

void Journal::add(const Change &undo)
{
	append(to_line(undo));
}

// Between tabs, since names and aliases may have blanks.
void Journal::add(const Given &given)
{
	append(fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}", given_word, given.backend, given.domain.id,
			   given.domain.uuid, to_string(given.vdev), to_string(given.pdev),
			   given.domain.name));
}

std::vector<Given> Journal::given() const
{
	std::vector<Given> found;
	for (const std::string &line : whole_lines(m_file)) {
		std::istringstream words{line};
		std::string word, backend, id, uuid, vdev, pdev, name;
		for (std::string *field : {&word, &backend, &id, &uuid, &vdev, &pdev})
			std::getline(words, *field, '\t');
		std::getline(words, name);
		const auto server = parse_number(backend, UINT32_MAX);
		const auto number = parse_number(id, UINT32_MAX);
		const auto place = parse_vdev(vdev);
		const auto lun = parse_lun_name(pdev);
		if (word != given_word || !server || !number || !place || !lun)
			continue;
		found.push_back({static_cast<DomId>(*server),
				 {static_cast<DomId>(*number), name, uuid},
				 *place,
				 *lun});
	}
	return found;
}

std::vector<Change> Journal::pending() const
{
	std::vector<Change> changes;
	for (const std::string &line : whole_lines(m_file))
		if (const auto change = from_line(line))
			changes.push_back(*change);
	return changes;
}

void Journal::clear()
{
	std::error_code error;
	fs::remove(m_file, error);
	if (error)
		fail(Exit::environment, "cannot remove {}: {}", m_file.string(), error.message());
}

void Journal::rewrite(const std::vector<Change> &changes)
{
	const std::vector<Given> devices = given();
	clear();
	for (const Given &device : devices)
		add(device);
	for (const Change &change : changes)
		add(change);
}

std::string Journal::roll_back(Configfs &configfs)
{
	std::vector<Change> left = pending();
	while (!left.empty()) {
		try {
			apply_patiently(configfs, left.back());
		} catch (const Failure &failure) {
			rewrite(left);
			return failure.what();
		}
		left.pop_back();
	}
	clear();
	return {};
}

void apply_patiently(Configfs &configfs, const Change &change)
{
	const auto limit = steady_clock::now() + kernel_patience;
	for (;;) {
		try {
			configfs.apply(change);
			return;
		} catch (const Failure &failure) {
			if (failure.code() != Exit::in_use || steady_clock::now() >= limit)
				throw;
		}
		std::this_thread::sleep_for(pause);
	}
}

void apply_all(Configfs &configfs, Journal &journal, const std::vector<Change> &changes)
{
	try {
		for (const Change &change : changes) {
			const auto undo = inverse(change);
			if (undo) {
				journal.add(*undo);
				configfs.apply(change);
			} else {
				apply_patiently(configfs, change);
			}
		}
	} catch (const Failure &failure) {
		const std::string left = journal.roll_back(configfs);
		if (left.empty())
			throw;
		throw Failure{failure.code(),
			      fmt::format("{}. Besides, not all could be undone: {}", failure.what(), left)};
	}
}

} // namespace vscsi
