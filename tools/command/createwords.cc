// SPDX-License-Identifier: GPL-2.0
#include "command/createwords.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "core/failure.hpp"

namespace vscsi
{

namespace
{

// xl's long options, each with its letter.
constexpr std::array<std::pair<std::string_view, char>, 5> long_options{{{"dryrun", 'n'},
									 {"quiet", 'q'},
									 {"defconfig", 'f'},
									 {"vncviewer", 'V'},
									 {"vncviewer-autopass", 'A'}}};

// getopt takes the beginning of a name if it is one's alone; 0: xl may know it.
char letter_of(std::string_view name)
{
	char found = 0;
	for (const auto &[known, letter] : long_options) {
		if (known == name)
			return letter;
		if (known.starts_with(name))
			found = found == 0 ? letter : '?';
	}
	return found == '?' ? '\0' : found;
}

class Reader
{
public:
	explicit Reader(const std::vector<std::string> &words) : m_words{words} {}

	CreateWords read()
	{
		bool options = true;
		for (; m_at < m_words.size(); ++m_at) {
			const std::string &word = m_words[m_at];
			if (options && word == "--")
				options = false;
			else if (options && word.starts_with("--"))
				long_option(word);
			else if (options && word.size() > 1 && word.front() == '-')
				letters(word);
			else if (word.find('=') != std::string::npos)
				m_found.lines.push_back(word);
			else
				take_config(word);
		}
		if (m_found.config.empty())
			fail(Exit::usage, "create needs a configuration file: xl-vscsi create CONFIG");
		return std::move(m_found);
	}

private:
	void take_config(const std::string &file)
	{
		if (!m_found.config.empty())
			fail(Exit::usage, "'{}': there is a configuration file already, {}", file,
			     m_found.config);
		m_found.config = file;
	}

	void take_next_config(const std::string &option)
	{
		if (++m_at == m_words.size())
			fail(Exit::usage, "{} needs a file", option);
		take_config(m_words[m_at]);
	}

	void long_option(const std::string &word)
	{
		const std::size_t equals = word.find('=');
		const std::string name = word.substr(2, equals - 2);
		if (name == "json" || name == "wait")
			fail(Exit::usage, "--{} is xl-vscsi's own: say it before the words for xl create",
			     name);
		const char letter = letter_of(name);
		if (letter == 'f' && equals != std::string::npos)
			take_config(word.substr(equals + 1));
		else if (letter == 'f')
			take_next_config(word);
		else if (letter == 0 || !note(letter))
			m_found.others.push_back(word);
	}

	// Several may share a word; all behind -f is its value.
	void letters(const std::string &word)
	{
		std::string others;
		for (std::size_t at = 1; at < word.size(); ++at) {
			if (word[at] == 'f') {
				if (at + 1 < word.size())
					take_config(word.substr(at + 1));
				else
					take_next_config("-f");
				break;
			}
			if (!note(word[at]))
				others += word[at];
		}
		if (!others.empty())
			m_found.others.push_back('-' + others);
	}

	// Whether it is one that is not simply passed on.
	bool note(char letter)
	{
		switch (letter) {
		case 'p':
			return m_found.paused = true;
		case 'n':
			return m_found.dry_run = true;
		case 'c':
			return m_found.console = true;
		case 'F':
			return m_found.foreground = true;
		case 'V':
			if (m_found.viewer == Viewer::none)
				m_found.viewer = Viewer::vnc;
			return true;
		case 'A':
			m_found.viewer = Viewer::vnc_with_password;
			return true;
		default:
			return false;
		}
	}

	const std::vector<std::string> &m_words;
	std::size_t m_at = 0;
	CreateWords m_found;
};

} // namespace

CreateWords read_create_words(const std::vector<std::string> &words)
{
	return Reader{words}.read();
}

} // namespace vscsi
