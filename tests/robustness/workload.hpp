#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"

namespace quire::robustness {

/// A folder of its own, in memory where there is such a place; gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string file() const { return (path_ / "a.quire").string(); }
  /// Removes what is in it.
  void clear() const;

 private:
  std::filesystem::path path_;
};

/// QUIRE_ROBUSTNESS_ROUNDS asks for the long form and says how often; else `otherwise`.
int rounds(int otherwise);
bool is_long();

/// The store that steps work on; they may close and open it.
struct Bench {
  std::string uri;
  std::shared_ptr<store::Store> db;
  void open() { db = store::open(uri); }
};

/// One operation, or one transaction: there as a whole or not at all. Throws as the store does,
/// and then may be called again.
struct Step {
  const char* name;
  std::function<void(Bench&)> run;
};

/// Inserts, updates, removals, indexes built and dropped, transactions, changes of the catalog,
/// checkpoints in between.
std::vector<Step> workload();

/// All that a user can see: collections, options, indexes, documents. Two files with equal texts
/// hold the same.
std::string dump(store::Store& db);

/// check(), as text: "ok".
std::string check_text(store::Store& db);

}  // namespace quire::robustness
