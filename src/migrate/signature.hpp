#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "quire/collection/database.hpp"

namespace quire::migrate {

/// The comment that a server keeps with what a run has it do: "quire:<who>:<what>". `who` is the
/// token of the migration lock, or the id of a data job's run; `what` the migration or the job. By
/// it a run that takes over finds what a dead one left running. Thread-safe.
class Signature {
 public:
  /// Empty: from now on operations carry no comment.
  void set(std::string_view who, std::string_view what);
  [[nodiscard]] std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// Whether a server keeps comments with all commands; asked of it. Others need none: nothing of
/// them outlives the process that asked for it.
[[nodiscard]] bool takes_comments(store::Store& store);

/// The same database, whose operations carry the signature where they have no comment of their own,
/// those of the code of migrations included. Sessions of one are good for the other. `db` itself
/// where the store is no server. Nothing is asked of it.
[[nodiscard]] Database sign(const Database& db, std::shared_ptr<const Signature> signature);

}  // namespace quire::migrate
