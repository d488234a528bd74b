#pragma once

#include <string_view>
#include <vector>

#include "cli/copy_plan.hpp"
#include "quire/cli/copy.hpp"

namespace quire::cli {

/// Throws `error` again with what it is about in front and `advice` behind.
[[noreturn]] void rethrow_about(const Error& error, std::string_view what,
                                std::string_view advice = {});

/// Writes batches of one collection and counts in its entry of the report.
class CopyWriter {
 public:
  CopyWriter(const Database& to, const PlannedCollection& planned, const CopyOptions& options,
             CopiedCollection& entry)
      : to_(to), planned_(planned), options_(options), entry_(entry) {}

  /// Throws StoreError that names collection and _id of a document that is refused.
  void write(const std::vector<bson::Document>& batch);

 private:
  void settle(const std::vector<bson::Document>& batch,
              const std::vector<store::WriteError>& duplicates);
  [[noreturn]] void refuse(const bson::Document& document, const Error& error) const;

  const Database& to_;
  const PlannedCollection& planned_;
  const CopyOptions& options_;
  CopiedCollection& entry_;
};

}  // namespace quire::cli
