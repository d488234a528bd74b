#pragma once

#include <deque>
#include <memory>

#include "store/embedded/storage/change_events.hpp"
#include "store/embedded/storage/change_pipeline.hpp"
#include "store/embedded/storage/scope.hpp"

namespace quire::store::embedded {

/// A stream over the log of a file. One thread at a time; holds no connection between calls.
class EmbeddedChangeStream final : public ChangeStream {
 public:
  /// Switches the log on where it is off. Throws as Store::watch.
  EmbeddedChangeStream(std::shared_ptr<StorageFile> file, Namespace ns, bson::View pipeline,
                       const WatchOptions& options);

  std::optional<bson::View> next() override { return next_within(max_await_); }
  /// The same, waiting up to `most`; 0 looks once.
  std::optional<bson::View> next_within(std::chrono::milliseconds most);
  [[nodiscard]] bson::Document resume_token() const override { return token_; }
  [[nodiscard]] bool ended() const noexcept override { return ended_; }

 private:
  void read_options(Namespace ns, const WatchOptions& options);
  void start(const WatchOptions& options);
  /// Where a token says to go on.
  void resume(Connection& connection, const LogState& state, const ChangeToken& token);
  [[nodiscard]] LogState open_log();
  void still_asked();
  /// Reads entries into `entries_`; false when there are none.
  bool fetch();
  /// The event of the entry in front, when the stream tells one.
  [[nodiscard]] std::optional<bson::View> take(const LoggedChange& change);
  [[nodiscard]] std::optional<bson::View> take_invalidate();
  bool look_up(Namespace ns, bson::ValueView id, bson::Writer& out);
  [[nodiscard]] bson::Document token_at(ChangePosition position) const {
    return ChangeToken{log_, position}.document();
  }

  std::shared_ptr<StorageFile> file_;
  WatchedNames names_;
  EventOptions events_;
  ChangePipeline pipeline_;
  std::chrono::milliseconds max_await_;
  LogId log_{};
  std::int64_t position_ = 0;    // of the last entry that was looked at
  std::int64_t start_time_ = 0;  // entries before it are passed over
  std::deque<LoggedChange> entries_;
  std::optional<LoggedChange> ends_stream_;  // its event was told, the invalidate not yet
  std::uint64_t seen_commits_ = 0;
  bool looked_ = false;
  std::chrono::steady_clock::time_point asked_{};
  bson::Document token_, event_, shaped_;
  bool ended_ = false;
};

}  // namespace quire::store::embedded
