// SPDX-License-Identifier: GPL-2.0
#include "act/resize.hpp"

#include <algorithm>

#include "core/failure.hpp"
#include "core/size.hpp"
#include "os/files.hpp"

namespace vscsi
{

namespace
{

constexpr std::chrono::seconds patience{5};

class Resizer
{
public:
	Resizer(const Host &host, const ResizeRequest &request)
	    : m_host{host}, m_request{request}, m_lio{host.configfs.read()}
	{
	}

	ResizeResult run()
	{
		const Backstore &store = *std::visit([&](const auto &source) { return &find(source); },
						     parse_source(m_request.pdev));
		m_result.store = store.id;
		m_result.users = users_of(m_host, m_lio, store.id);
		const std::string_view plugin = store.id.plugin();
		if (plugin == "pscsi" || plugin == "iblock")
			follow(store, m_host.sysfs.size_behind(store));
		else if (plugin == "fileio")
			resize_file(store);
		else
			fail(Exit::failed, "{}: {}", to_string(store.id),
			     plugin == "rd_mcp"
				     ? "a ramdisk keeps the size that it was made with. Make another"
				     : "its size is its handler's matter, not the kernel's. Change it there");
		return std::move(m_result);
	}

private:
	// By what it leads to.
	const Backstore &find_by(const std::string &what, const auto &leads) const
	{
		std::vector<const Backstore *> found;
		for (const Backstore &store : m_lio.stores)
			if (leads(store))
				found.push_back(&store);
		if (found.empty())
			fail(Exit::not_found,
			     "{} is no backstore's. `xl-vscsi status` shows what is exported, `targetcli ls "
			     "/backstores` all backstores",
			     what);
		if (found.size() > 1)
			fail(Exit::usage, "{} is that of several backstores: say {} or {}", what,
			     to_string(found[0]->id), to_string(found[1]->id));
		return *found.front();
	}

	const Backstore &find(const StoreName &name) const
	{
		return find_by(fmt::format("backstore '{}'", name.name), [&](const Backstore &store) {
			return store.id.name == name.name &&
			       (name.plugin.empty() || store.id.plugin() == name.plugin);
		});
	}

	const Backstore &find(const LunName &name) const
	{
		std::string why;
		const LunRef ref = m_lio.find(name, why);
		const Backstore *const store = ref ? m_lio.store_of(ref.lun->store) : nullptr;
		if (!store)
			fail(Exit::not_found, "{}: {}", to_string(name),
			     why.empty() ? "its backstore is gone" : why);
		return *store;
	}

	const Backstore &find(const DevicePath &path) const
	{
		const auto by_file = [&](const Backstore &store) {
			return !store.file.empty() && same_file(store.file, path.path);
		};
		if (std::ranges::any_of(m_lio.stores, by_file))
			return find_by(path.path, by_file);
		if (file_size(path.path))
			fail(Exit::not_found,
			     "{}: no fileio backstore is of this file; `targetcli ls /backstores` "
			     "lists them",
			     path.path);
		return find_device(m_host.sysfs.by_path(path.path));
	}
	const Backstore &find(const Hctl &address) const
	{
		return find_device(m_host.sysfs.by_address(address));
	}
	const Backstore &find(const DeviceIdentity &identity) const
	{
		const std::vector<HostDevice> paths = m_host.sysfs.by_identity(identity.text);
		return find_by("id:" + identity.text, [&](const Backstore &store) {
			return std::ranges::any_of(
				paths, [&](const HostDevice &device) { return leads_to(store, device); });
		});
	}
	const Backstore &find(const HostAdapter & /*adapter*/) const { no_adapter(); }
	const Backstore &find(const AdapterIdentity & /*adapter*/) const { no_adapter(); }
	const Backstore &find(const NpivParent & /*parent*/) const { no_adapter(); }

	[[noreturn]] void no_adapter() const
	{
		fail(Exit::usage, "{} is an adapter. Name one of its devices", m_request.pdev);
	}

	const Backstore &find_device(const HostDevice &device) const
	{
		return find_by(m_request.pdev,
			       [&](const Backstore &store) { return leads_to(store, device); });
	}

	void follow(const Backstore &store, const DeviceSize &device)
	{
		m_result.follows = true;
		m_result.path = device.node.empty() ? store.udev_path : device.node;
		m_result.before = m_result.after = device.bytes;
		if (!device.rescan.empty())
			m_result.hint =
				fmt::format("if the device is larger than that, let this host look: echo 1 > "
					    "{}",
					    device.rescan);
		if (!m_request.size.empty() && expect_size(m_request.size) != device.bytes)
			fail(Exit::usage, "{}: its size is that of its device {}, {}. Leave the size out{}{}",
			     to_string(store.id), m_result.path, size_text(device.bytes),
			     m_result.hint.empty() ? "" : "; ", m_result.hint);
	}

	void resize_file(const Backstore &store)
	{
		if (store.file.empty())
			fail(Exit::failed, "{}: the kernel does not say what its file is; is it enabled?",
			     to_string(store.id));
		if (const auto device = m_host.sysfs.size_of_node(store.file)) {
			follow(store, *device);
			return;
		}
		const auto there = file_size(store.file);
		if (!there)
			fail(Exit::not_found, "{}: its file {} cannot be found", to_string(store.id),
			     store.file);
		m_result.path = store.file;
		m_result.before = store.file_size;
		m_result.after = m_request.size.empty() ? *there / store.block_size * store.block_size
							: expect_size(m_request.size);
		check(store, *there);
		if (m_result.after == m_result.before)
			return;
		const Resize change{store.id, m_result.after};
		m_result.steps.push_back(describe(change));
		if (!m_request.dry_run)
			m_host.configfs.apply(change);
	}

	void check(const Backstore &store, std::uint64_t there) const
	{
		if (m_result.after > there)
			fail(Exit::usage, "{} has {} only. Make the file larger first: truncate -s {} {}",
			     store.file, size_text(there), m_result.after, store.file);
		if (m_result.after < store.block_size || m_result.after % store.block_size)
			fail(Exit::usage, "{}: {} is not a number of blocks of {} bytes each",
			     to_string(store.id), size_text(m_result.after), store.block_size);
		if (m_result.after < m_result.before && !m_request.shrink)
			fail(Exit::in_use,
			     "{} would shrink from {} to {}; what is beyond is lost to who uses it: {}. Say "
			     "--shrink if that is meant",
			     to_string(store.id), size_text(m_result.before), size_text(m_result.after),
			     to_string(m_result.users));
	}

	const Host &m_host;
	const ResizeRequest &m_request;
	const Lio m_lio;
	ResizeResult m_result;
};

} // namespace

ResizeResult resize(const Host &host, const ResizeRequest &request)
{
	std::optional<Lock> lock;
	if (!request.dry_run)
		lock.emplace(Lock::take(host.config_lock(), patience));
	return Resizer{host, request}.run();
}

} // namespace vscsi
