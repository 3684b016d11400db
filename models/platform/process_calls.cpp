// See process_calls.hpp.
#include "models/platform/process_calls.hpp"

#include "models/trace/mapper.hpp"

namespace svasim::platform {
namespace {

using host::Host;
using trace::Kind;

static_assert(trace::kMappedBelow == host::AddressSpace::kLastVa + 1);

host::Protection protection_of(const trace::Control& c) {
  return {(c.protection & trace::kRead) != 0, (c.protection & trace::kWrite) != 0,
          (c.protection & trace::kExecute) != 0};
}

host::Mapping mapping_of(const trace::Record& record) {
  const trace::Control& c = record.control;
  host::Mapping mapping;
  mapping.va = record.va;
  mapping.bytes = record.size;
  mapping.protection = protection_of(c);
  mapping.backing = c.backing == trace::Backing::file      ? host::Backing::file
                    : c.backing == trace::Backing::hugetlb ? host::Backing::hugetlb
                                                           : host::Backing::anonymous;
  mapping.huge = c.backing == trace::Backing::huge;
  mapping.shared = c.shared;
  mapping.file = c.number;
  mapping.offset = c.offset;
  mapping.cached = !c.uncached;
  return mapping;
}

host::Feature feature_of(const trace::Control& c) {
  return c.feature == trace::Feature::iopf ? host::Feature::iopf : host::Feature::sva;
}

void create(Host& host, const trace::Record& record, Host::Reply reply) {
  switch (record.control.as) {
    case trace::As::domain: return host.create_domain(record.pasid, std::move(reply));
    case trace::As::guest: return host.create_guest(record.pasid, std::move(reply));
    default: return host.create(record.pasid, std::move(reply));
  }
}

}  // namespace

void call_host(Host& host, const trace::Record& r, arch::StreamId stream, Host::Reply reply) {
  const auto bind_kind =
      r.control.as == trace::As::device ? host::BindKind::whole_device : host::BindKind::pasid;
  switch (r.kind) {
    case Kind::access: break;
    case Kind::unmap:
    case Kind::discard: return host.discard(r.pasid, r.va, r.size, std::move(reply));
    case Kind::munmap: return host.munmap(r.pasid, r.va, r.size, std::move(reply));
    case Kind::mmap: return host.mmap(r.pasid, mapping_of(r), std::move(reply));
    case Kind::mprotect:
      return host.mprotect(r.pasid, r.va, r.size, protection_of(r.control), std::move(reply));
    case Kind::touch: return host.touch(r.pasid, r.va, r.size, r.write, std::move(reply));
    case Kind::create: return create(host, r, std::move(reply));
    case Kind::exit: return host.exit(r.pasid, std::move(reply));
    case Kind::fork: return host.fork(r.pasid, r.control.number, std::move(reply));
    case Kind::bind: return host.bind(stream, r.pasid, std::move(reply), bind_kind);
    case Kind::unbind: return host.unbind(stream, r.pasid, std::move(reply));
    case Kind::reclaim: return host.reclaim(r.pasid, r.va, r.size, std::move(reply));
    case Kind::age: return host.age(r.pasid, r.va, r.size, std::move(reply));
    case Kind::numa_hint: return host.numa_hint(r.pasid, r.va, r.size, std::move(reply));
    case Kind::migrate: return host.migrate(r.pasid, r.va, r.size, std::move(reply));
    case Kind::collapse: return host.collapse(r.pasid, r.va, std::move(reply));
    case Kind::enable: return host.enable(stream, feature_of(r.control), std::move(reply));
    case Kind::disable: return host.disable(stream, feature_of(r.control), std::move(reply));
    case Kind::sva_init:
      return host.sva_init(stream, r.control.number, r.control.min_pasid, r.control.max_pasid,
                           std::move(reply));
    case Kind::sva_shutdown: return host.sva_shutdown(stream, std::move(reply));
  }
}

}  // namespace svasim::platform
