#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "case.hpp"

/// The cases that are known to fail, so that a new failure and a failure that has gone both show.
namespace quire::spec {

class KnownFailures {
 public:
  KnownFailures() = default;
  /// "file<tab>id<tab>why" a line: the file without ".jsonl"; "#" begins a comment. Throws
  /// std::runtime_error for a line of another form, for a case that is there twice, and where
  /// nothing can be read.
  explicit KnownFailures(const std::string& path);

  /// The verdict on a case of `file` with the list in mind: a listed failure is known, and a listed
  /// case that does not fail has failed, as the list is wrong.
  [[nodiscard]] Outcome judge(std::string_view file, std::string_view id, Outcome outcome) const;
  /// The listed cases of `file` that are none of `ids`.
  [[nodiscard]] std::vector<std::string> absent(std::string_view file,
                                                const std::vector<std::string>& ids) const;

 private:
  /// By file, then by id: why.
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> files_;
};

}  // namespace quire::spec
