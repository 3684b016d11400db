// What processes ask for, and what the kernel does to their memory: each call becomes a job of the process's
// thread. See host.hpp.
#include "models/host/host_process.hpp"

namespace svasim::host {

void Host::in_process(std::uint32_t number, std::function<Status(Thread&, Process&)> job, Reply reply) {
  call([this, number, job = std::move(job), reply = std::move(reply)] {
    const auto found = processes_.find(number);
    if (found == processes_.end()) return reply(Status::no_such_process);
    Process& process = *found->second;
    process.jobs.add([&process, job, reply](Thread& thread) { reply(job(thread, process)); });
  });
}

void Host::create(std::uint32_t number, Reply reply) {
  call([this, number, reply = std::move(reply)] {
    if (processes_.count(number) != 0) return reply(Status::exists);
    reply(create_process(number) != nullptr ? Status::ok : Status::no_memory);
  });
}

void Host::mmap(std::uint32_t number, const Mapping& mapping, Reply reply) {
  in_process(
      number, [mapping](Thread& thread, Process& process) { return process.space.map(thread, mapping); },
      std::move(reply));
}

void Host::munmap(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.unmap(thread, va, bytes); },
      std::move(reply));
}

void Host::discard(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.discard(thread, va, bytes); },
      std::move(reply));
}

void Host::mprotect(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Protection protection,
                    Reply reply) {
  in_process(
      number,
      [=](Thread& thread, Process& process) { return process.space.protect(thread, va, bytes, protection); },
      std::move(reply));
}

void Host::fork(std::uint32_t number, std::uint32_t child, Reply reply) {
  in_process(
      number,
      [this, child](Thread& thread, Process& process) {
        if (processes_.count(child) != 0) return Status::exists;
        Process* made = create_process(child);
        return made != nullptr ? process.space.fork(thread, made->space) : Status::no_memory;
      },
      std::move(reply));
}

void Host::touch(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, bool write, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.touch(thread, va, bytes, write); },
      std::move(reply));
}

void Host::reclaim(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.reclaim(thread, va, bytes); },
      std::move(reply));
}

void Host::age(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.age(thread, va, bytes); },
      std::move(reply));
}

void Host::numa_hint(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.numa_hint(thread, va, bytes); },
      std::move(reply));
}

void Host::migrate(std::uint32_t number, std::uint64_t va, std::uint64_t bytes, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.migrate(thread, va, bytes); },
      std::move(reply));
}

void Host::collapse(std::uint32_t number, std::uint64_t va, Reply reply) {
  in_process(
      number, [=](Thread& thread, Process& process) { return process.space.collapse(thread, va); },
      std::move(reply));
}

}  // namespace svasim::host
