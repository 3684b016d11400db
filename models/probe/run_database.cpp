// How records reach run.db: the simulation's thread fills one batch while a thread inserts the other.
// Contract: run_database.hpp. Source rule: batches are handed over and committed by their number, never by
// the clock, so that the file depends on nothing but the calls.
#include "models/probe/run_database.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "models/probe/run_store.hpp"

namespace svasim::probe {
namespace {

constexpr std::size_t kBatchRecords = 4096;
constexpr std::size_t kBatchSegments = 65536;

}  // namespace

/// The batch being filled belongs to the caller. The other batch and the store belong to the writer while
/// `busy_`, else to the caller.
struct RunDatabase::Impl {
  explicit Impl(const std::string& path)
      : path_(path), store_(std::make_unique<Store>(path)), writer_([this] { write_batches(); }) {}
  ~Impl() { stop(); }

  void add(const Record& record, const std::vector<Segment>& segments) {
    if (failed_) return;
    filling_.add(record, segments);
    if (filling_.records.size() >= kBatchRecords || filling_.segments.size() >= kBatchSegments) hand_over();
  }
  bool failed() const { return failed_; }

  /// The store, when all so far is in it. Throws if anything could not be written.
  Store& drained() {
    if (!store_) throw DatabaseError(path_, "the run database has been finished");
    hand_over();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !busy_; });
    if (failed_) throw DatabaseError(path_, error_);
    return *store_;
  }
  void stop() {
    hand_over();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !busy_; });
      stopping_ = true;
    }
    changed_.notify_all();
    if (writer_.joinable()) writer_.join();
    store_.reset();
  }

 private:
  /// Waits until the writer has done the batch before: that bounds memory.
  void hand_over() {
    if (filling_.records.empty()) return;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !busy_; });
      std::swap(filling_, writing_);
      busy_ = true;
    }
    changed_.notify_all();
  }

  void write_batches() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return busy_ || stopping_; });
      if (!busy_) return;
      lock.unlock();
      write_batch();
      lock.lock();
      busy_ = false;
      changed_.notify_all();
    }
  }

  void write_batch() {
    try {
      if (!failed_) store_->write(writing_);
    } catch (const std::exception& error) {
      error_ = error.what();
      failed_ = true;
    }
    writing_.clear();
  }

  std::string path_;
  std::unique_ptr<Store> store_;
  Batch filling_, writing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool busy_ = false;
  bool stopping_ = false;
  std::atomic<bool> failed_{false};
  std::string error_;
  std::thread writer_;
};

RunDatabase::RunDatabase(const std::string& path) : impl_(std::make_unique<Impl>(path)) {
  write_meta("svasim_version", SVASIM_VERSION);
  write_meta("schema_version", std::to_string(kSchemaVersion));
}

RunDatabase::~RunDatabase() = default;

void RunDatabase::transaction(const Transaction& transaction) {
  const Timeline& timeline = transaction.timeline;
  Record record{};
  record.id = transaction.id;
  record.va = transaction.va;
  record.begin = timeline.begun_at();
  record.end = timeline.since();
  record.fault_latency = timeline.fault_latency();
  record.segments = timeline.segments().size();
  record.device = transaction.device;
  record.pasid = transaction.pasid;
  record.size = transaction.size;
  record.rounds = timeline.rounds();
  record.operation = transaction.operation;
  record.outcome = transaction.outcome;
  impl_->add(record, timeline.segments());
}

void RunDatabase::fault(const Fault& fault) {
  const Timeline& timeline = fault.timeline;
  Record record{};
  record.is_fault = true;
  record.id = fault.id;
  record.va = fault.va;
  record.begin = timeline.begun_at();
  record.end = timeline.since();
  record.segments = timeline.segments().size();
  record.device = fault.device;
  record.pasid = fault.pasid;
  record.key = fault.key;
  record.followers = static_cast<std::uint32_t>(fault.followers.size());
  record.outcome = fault.outcome;
  impl_->add(record, timeline.segments());
}

bool RunDatabase::failed() const { return impl_->failed(); }

void RunDatabase::write_config(std::string_view key, std::string_view value, bool is_default) {
  impl_->drained().write_config(key, value, is_default);
}

void RunDatabase::write_meta(std::string_view key, std::string_view value) {
  impl_->drained().write_meta(key, value);
}

void RunDatabase::write_counters(const std::vector<Counters::Value>& counters) {
  Store& store = impl_->drained();
  for (const Counters::Value& counter : counters) store.write_counter(counter);
}

void RunDatabase::flush() { impl_->drained().commit(); }

void RunDatabase::finish() {
  write_meta("complete", "1");
  flush();
  impl_->stop();
}

}  // namespace svasim::probe
