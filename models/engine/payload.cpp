// See payload.hpp.
#include "models/engine/payload.hpp"

namespace svasim::engine {

Payload::Payload(tlm::tlm_mm_interface* pool) : tlm::tlm_generic_payload(pool) {
  set_extension(&attributes);
  set_extension(&tag);
}

Payload::~Payload() {
  // The base class frees extensions that are still attached; these two are members.
  clear_extension(&attributes);
  clear_extension(&tag);
}

PayloadPool::~PayloadPool() = default;

Payload& PayloadPool::make(tlm::tlm_command command, std::uint64_t address, std::uint32_t bytes) {
  if (free_.empty()) {
    all_.emplace_back(new Payload(this), [](Payload* p) { delete p; });
    free_.push_back(all_.back().get());
  }
  Payload& payload = *free_.back();
  free_.pop_back();
  payload.acquire();
  if (bytes > Payload::kInlineBytes && !payload.large_) {
    payload.large_ = std::make_unique<std::array<std::uint8_t, 4096>>();
  }
  payload.set_command(command);
  payload.set_address(address);
  payload.set_data_ptr(bytes > Payload::kInlineBytes ? payload.large_->data() : payload.inline_.data());
  payload.set_data_length(bytes);
  payload.set_streaming_width(bytes);
  payload.set_byte_enable_ptr(nullptr);
  payload.set_byte_enable_length(0);
  payload.set_dmi_allowed(false);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload.last_beat = 0;
  payload.attributes = Attributes{};
  payload.tag.transaction = nullptr;
  payload.tag.depth = 0;
  return payload;
}

void PayloadPool::free(tlm::tlm_generic_payload* payload) { free_.push_back(static_cast<Payload*>(payload)); }

}  // namespace svasim::engine
