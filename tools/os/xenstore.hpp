// SPDX-License-Identifier: GPL-2.0
#pragma once
#include <memory>

#include "os/bulk.hpp"
#include "os/store.hpp"

struct xs_handle;

namespace vscsi
{

// The store of this host, through libxenstore.
class Xenstore final : public Store
{
public:
	Xenstore(); // throws a Failure where there is none
	~Xenstore() override;
	Xenstore(const Xenstore &) = delete;
	Xenstore &operator=(const Xenstore &) = delete;

	std::optional<std::string> read(Txn txn, const std::string &path) override;
	std::vector<std::string> list(Txn txn, const std::string &path) override;
	std::vector<std::optional<std::string>> read_all(Txn txn,
							 std::span<const std::string> paths) override;
	std::vector<std::vector<std::string>> list_all(Txn txn, std::span<const std::string> paths) override;
	std::vector<std::optional<std::string>> read_visible(std::span<const std::string> paths) override;
	std::vector<std::vector<std::string>> list_visible(std::span<const std::string> paths) override;
	void write(Txn txn, const std::string &path, const std::string &value) override;
	void remove(Txn txn, const std::string &path) override;
	void permit(Txn txn, const std::string &path, const std::vector<Permission> &permissions) override;
	Txn begin() override;
	bool commit(Txn txn) override;
	void cancel(Txn txn) noexcept override;
	void watch(const std::string &path, const std::string &token) override;
	void unwatch(const std::string &path, const std::string &token) override;
	std::vector<WatchEvent> events() override;
	void wait(std::chrono::milliseconds limit) override;
	std::chrono::steady_clock::time_point now() const override;
	int descriptor() const override;

private:
	// In bulk; the errors are those that stand for nothing.
	std::vector<std::optional<std::string>> many_values(std::span<const std::string> paths,
							    std::span<const int> errors);
	std::vector<std::vector<std::string>> many_names(std::span<const std::string> paths,
							 std::span<const int> errors);

	xs_handle *m_handle;
	BulkReader m_bulk;
};

} // namespace vscsi
