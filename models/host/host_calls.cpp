// What processes ask for, and what the kernel does to their memory: each call becomes a job of the process's
// thread. See host.hpp.
#include "models/host/host.hpp"
#include "models/host/text.hpp"

namespace svasim::host {
namespace {

/// A job that calls the process's address space.
template <class... Parameters, class... Arguments>
auto in_space(Status (AddressSpace::*call)(Thread&, Parameters...), Arguments... arguments) {
  return [=](Thread& thread, Process& process) { return (process.space.*call)(thread, arguments...); };
}

}  // namespace

Process* Host::create_process(std::uint32_t number, bool kernel, TableFormat format) {
  const MmServices services{frames_, storage_, page_cache_, costs_, config_.mm};
  auto process = std::make_unique<Process>(cpus_, number, kernel, services, driver_, config_.linux_version,
                                           format, config_.mm.premapped && !kernel);
  if (!process->space.create()) return nullptr;
  process->space.on_release = [this, made = process.get()](Thread& t) { sva_.release(t, *made); };
  all_processes_.push_back(std::move(process));
  return processes_[number] = all_processes_.back().get();
}

void Host::in_process(std::uint32_t number, Job job, Reply reply) {
  call([this, number, job = std::move(job), reply = std::move(reply)] {
    const auto found = processes_.find(number);
    if (found == processes_.end()) return reply(Status::no_such_process);
    add_job(*found->second, job, reply);
  });
}

void Host::add_job(Process& process, Job job, Reply reply) {
  process.jobs.add([&process, job = std::move(job), reply = std::move(reply)](Thread& thread) {
    reply(process.exited ? Status::no_such_process : job(thread, process));
  });
}

// --- life

void Host::create(std::uint32_t number, Reply reply) {
  call([this, number, reply = std::move(reply)] {
    if (processes_.count(number) != 0) return reply(Status::exists);
    reply(create_process(number, false) != nullptr ? Status::ok : Status::no_memory);
  });
}

void Host::create_domain(std::uint32_t number, Reply reply) {
  call([this, number, reply = std::move(reply)] {
    if (processes_.count(number) != 0) return reply(Status::exists);
    reply(create_process(number, true) != nullptr ? Status::ok : Status::no_memory);
  });
}

void Host::create_guest(std::uint32_t number, Reply reply) {
  call([this, number, reply = std::move(reply)] {
    if (processes_.count(number) != 0) return reply(Status::exists);
    const bool made = create_process(number, false, TableFormat::stage2) != nullptr;
    reply(made ? Status::ok : Status::no_memory);
  });
}

void Host::fork(std::uint32_t number, std::uint32_t child, Reply reply) {
  in_process(
      number,
      [this, child](Thread& thread, Process& process) {
        if (processes_.count(child) != 0) return Status::exists;
        Process* made = create_process(child, false);
        return made != nullptr ? process.space.fork(thread, made->space) : Status::no_memory;
      },
      std::move(reply));
}

/// Whoever still serves a fault of the process keeps its memory until then; its devices are let go anyway.
void Host::exit(std::uint32_t number, Reply reply) {
  in_process(
      number,
      [this, number](Thread& thread, Process& process) {
        processes_.erase(number);
        process.exited = true;
        process.space.put(thread);
        sva_.unbind_all(thread, process);
        sva_.drop_pasid(process);
        return Status::ok;
      },
      std::move(reply));
}

// --- bonds

void Host::bind(arch::StreamId stream, std::uint32_t number, Reply reply, BindKind kind) {
  call([this, stream, number, reply = std::move(reply), kind] {
    const auto found = processes_.find(number);
    Process* process = found != processes_.end() ? found->second : create_process(number, false);
    if (process == nullptr) return reply(Status::no_memory);
    add_job(
        *process,
        [this, stream, kind](Thread& thread, Process& p) { return bind_now(thread, stream, p, kind); },
        reply);
  });
}

Status Host::bind_now(Thread& thread, arch::StreamId stream, Process& process, BindKind kind) {
  SvaDevice* device = sva_.find(stream);
  const Status status = device == nullptr ? Status::no_device : sva_.bind(thread, *device, process, kind);
  if (status != Status::ok) {
    error("process " + std::to_string(process.number) + ", stream " + hex(arch::raw(stream)) +
          ": bind failed: " + host::name(status));
  }
  return status;
}

void Host::unbind(arch::StreamId stream, std::uint32_t number, Reply reply) {
  in_process(
      number,
      [this, stream](Thread& thread, Process& process) {
        SvaDevice* device = sva_.find(stream);
        return device == nullptr ? Status::no_device : sva_.unbind(thread, *device, process);
      },
      std::move(reply));
}

std::optional<std::uint32_t> Host::pasid(std::uint32_t process) const {
  const auto found = processes_.find(process);
  if (found == processes_.end() || found->second->pasid == 0) return std::nullopt;
  return found->second->pasid;
}

// --- switches

void Host::with_device(arch::StreamId stream, std::function<Status(Thread&, SvaDevice&)> what, Reply reply) {
  const auto job = [this, stream, what = std::move(what), reply = std::move(reply)](Thread& thread) {
    SvaDevice* device = sva_.find(stream);
    reply(device == nullptr ? Status::no_device : what(thread, *device));
  };
  call([this, job] { control_.add(job); });
}

void Host::enable(arch::StreamId stream, Feature feature, Reply reply) {
  with_device(
      stream, [this, feature](Thread& thread, SvaDevice& d) { return sva_.enable(thread, d, feature); },
      std::move(reply));
}

void Host::disable(arch::StreamId stream, Feature feature, Reply reply) {
  with_device(
      stream, [this, feature](Thread& thread, SvaDevice& d) { return sva_.disable(thread, d, feature); },
      std::move(reply));
}

void Host::sva_init(arch::StreamId stream, unsigned features, std::uint32_t min_pasid,
                    std::uint32_t max_pasid, Reply reply) {
  with_device(
      stream, [=](Thread&, SvaDevice& device) { return sva_.init(device, features, min_pasid, max_pasid); },
      std::move(reply));
}

void Host::sva_shutdown(arch::StreamId stream, Reply reply) {
  with_device(
      stream, [this](Thread&, SvaDevice& device) { return sva_.shutdown(device); }, std::move(reply));
}

// --- memory

void Host::mmap(std::uint32_t number, const Mapping& mapping, Reply reply) {
  in_process(
      number,
      [mapping](Thread& thread, Process& process) {
        const Status status = process.space.map(thread, mapping);
        const bool pin = !process.kernel && Sva::pins(process);
        if (status != Status::ok || !(process.kernel || pin)) return status;
        return process.space.populate(thread, mapping.va, mapping.bytes, pin);
      },
      std::move(reply));
}

void Host::munmap(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::unmap, va, bytes), std::move(reply));
}

void Host::discard(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::discard, va, bytes), std::move(reply));
}

void Host::mprotect(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Protection protection,
                    Reply reply) {
  in_process(number, in_space(&AddressSpace::protect, va, bytes, protection), std::move(reply));
}

void Host::touch(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, bool write, Reply reply) {
  in_process(number, in_space(&AddressSpace::touch, va, bytes, write), std::move(reply));
}

void Host::reclaim(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::reclaim, va, bytes), std::move(reply));
}

void Host::age(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::age, va, bytes), std::move(reply));
}

void Host::numa_hint(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::numa_hint, va, bytes), std::move(reply));
}

void Host::migrate(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(number, in_space(&AddressSpace::migrate, va, bytes), std::move(reply));
}

void Host::collapse(std::uint32_t number, std::uint64_t va, Reply reply) {
  in_process(number, in_space(&AddressSpace::collapse, va), std::move(reply));
}

}  // namespace svasim::host
