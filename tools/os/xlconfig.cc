// SPDX-License-Identifier: GPL-2.0
#include "os/xlconfig.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/failure.hpp"
#include "os/files.hpp"

extern "C" {
#include <libxlutil.h>

// libxlutil is linked in, so that it need not be of the Xen that runs; what
// reads the configuration refers to this of libxl, but is never asked for it.
void libxl_defbool_set(libxl_defbool *to, bool value)
{
	to->val = value ? 1 : -1;
}
}

namespace vscsi
{

namespace
{

struct Destroy {
	void operator()(XLU_Config *config) const { xlu_cfg_destroy(config); }
};

// What the parser has to say, as text.
class Complaints
{
public:
	Complaints() : m_stream{open_memstream(&m_text, &m_size)}
	{
		if (!m_stream)
			throw std::bad_alloc{};
	}
	Complaints(const Complaints &) = delete;
	Complaints &operator=(const Complaints &) = delete;
	~Complaints()
	{
		std::fclose(m_stream);
		std::free(m_text);
	}
	FILE *stream() { return m_stream; }
	std::string text()
	{
		std::fflush(m_stream);
		std::string said{m_text, m_size};
		while (said.ends_with('\n'))
			said.pop_back();
		return said;
	}

private:
	char *m_text = nullptr;
	std::size_t m_size = 0;
	FILE *m_stream;
};

std::vector<std::string> list_of(const XLU_Config *config, const char *key, const std::string &file)
{
	XLU_ConfigList *list = nullptr;
	int count = 0;
	const int error = xlu_cfg_get_list(config, key, &list, &count, 1);
	if (error == ESRCH)
		return {};
	if (error)
		fail(Exit::usage, "{}: {} must be a list, like {}=[\"/dev/st0,0:0:0:0\"]", file, key, key);
	std::vector<std::string> items;
	for (int at = 0; at < count; ++at) {
		const char *const item = xlu_cfg_get_listitem(list, at);
		if (!item)
			fail(Exit::usage, "{}: item {} of {} must be a string", file, at + 1, key);
		items.emplace_back(item);
	}
	return items;
}

} // namespace

DomainConfig parse_config(const std::string &text, const std::string &file,
			  const std::vector<std::string> &extra)
{
	std::string all = text;
	for (const std::string &line : extra)
		all += '\n' + line;
	all += '\n';
	Complaints complaints;
	const std::unique_ptr<XLU_Config, Destroy> config{xlu_cfg_init(complaints.stream(), file.c_str())};
	if (!config)
		throw std::bad_alloc{};
	if (xlu_cfg_readdata(config.get(), all.data(), static_cast<int>(all.size())))
		fail(Exit::usage, "{}", complaints.text()); // with the file's name
	const char *name = nullptr;
	const char *uuid = nullptr;
	xlu_cfg_get_string(config.get(), "name", &name, 1);
	xlu_cfg_get_string(config.get(), "uuid", &uuid, 1);
	return {name ? name : "", list_of(config.get(), "vscsi", file), uuid ? uuid : "", file};
}

DomainConfig read_config(const std::filesystem::path &file, const std::vector<std::string> &extra)
{
	const auto text = read_file(file);
	if (!text)
		fail(Exit::not_found, "cannot read {}", file.string());
	return parse_config(*text, file.string(), extra);
}

DomainConfigs configured_domains(const std::vector<std::filesystem::path> &directories)
{
	DomainConfigs found;
	for (const auto &directory : directories) {
		// xl's own directory has other things in it.
		const bool all = directory.filename() == "auto";
		for (const std::string &entry : names_in(directory)) {
			const std::filesystem::path file = directory / entry;
			if ((!all && file.extension() != ".cfg") || !std::filesystem::is_regular_file(file))
				continue;
			try {
				if (DomainConfig config = read_config(file); !config.name.empty())
					found.domains.push_back(std::move(config));
			} catch (const Failure &failure) {
				// It begins with the file's name.
				found.complaints.push_back(
					fmt::format("{}. What it configures gets no device", failure.what()));
			}
		}
	}
	return found;
}

const DomainConfig *DomainConfigs::of(std::string_view name) const
{
	const auto found = std::ranges::find(domains, name, &DomainConfig::name);
	return found == domains.end() ? nullptr : &*found;
}

} // namespace vscsi
