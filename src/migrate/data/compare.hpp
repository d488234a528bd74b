#pragma once

#include <map>
#include <optional>
#include <set>

#include "migrate/data/row_source.hpp"
#include "quire/migrate/verify.hpp"

namespace quire::migrate::data {

/// What a comparison is of. A row that failed is none that the target should have.
struct CompareJob {
  RowSource& source;
  Database to;
  std::string into;
  VerifyOptions options;
  std::stop_token stop;
  /// Keys of the source that were put aside, by key_text.
  std::map<std::string, bson::Value> excluded;
  std::function<void(std::int64_t documents)> progress;
  bson::Document of_target = {};  ///< a filter: the target's documents that count
  /// Empty: the same bytes.
  std::function<bool(bson::View expected, bson::View found)> alike = {};
  /// The source's collection where there is one: indexes and validators are compared with it.
  const Database* from = nullptr;
  std::string collection = {};
  /// Keys of the source, by key_text, that were put aside behind their write (inline_verify): the
  /// target may have any document of theirs, or none.
  std::set<std::string> changed_behind_write = {};
};

/// What was found in some partitions.
struct Compared {
  VerifyReport report;
  Digest source, target;
  bool moved = false;      ///< the map function changes _id: what is extra is not known by range
  std::int64_t found = 0;  ///< documents of the target that are some document's of the source

  void add(const Compared& other, std::size_t most);
  [[nodiscard]] bson::Document stored() const;
  [[nodiscard]] static Compared from(bson::View stored);
};

/// Compares partitions. One thread at a time.
class Comparer {
 public:
  explicit Comparer(const CompareJob& job);
  /// Compares what lies within the bounds on both sides; `total` documents are in all of the
  /// source, for the share of a sample. report.stopped when it was asked to stop.
  [[nodiscard]] Compared range(const KeyBounds& bounds, std::int64_t number, std::int64_t total);
  /// Compares rows that were just written. What differs is read again first.
  [[nodiscard]] Compared rows(const std::vector<Row>& written);
  /// Reads both sides whole, at the same time, and sums them up. True when they are alike: then
  /// no partition has to be looked at.
  [[nodiscard]] bool alike_as_a_whole(Compared& sum);
  /// Once, when all partitions are through: what a range does not show.
  void whole(Compared& sum);

 private:
  struct Pair {
    std::optional<bson::Value> source_key;
    bson::Value target_key;
    std::optional<bson::Document> expected;
    std::optional<bson::Document> found;
  };
  /// As the target should have it; `room` owns it where it is not the row's own.
  [[nodiscard]] std::optional<bson::View> expected(const ExpectedRow& row,
                                                   bson::Document& room) const;
  [[nodiscard]] bool stopped(Compared& out) const;
  [[nodiscard]] bool alike(const Pair& pair) const;
  void add_expected(const ExpectedRow& row, Compared& out) const;

  bool digests(const KeyBounds& bounds, Compared& out);
  /// By numbers alone where they tell all, else by looking for each document.
  void presence(const KeyBounds& bounds, bool by_source, Compared& out);
  void counts(const KeyBounds& bounds, Compared& out);
  /// Documents that the target should have, where the source can tell without reading its rows.
  [[nodiscard]] std::optional<std::int64_t> counted(const KeyBounds& bounds);
  void sample(const KeyBounds& bounds, std::int64_t number, std::int64_t total, Compared& out);
  void sources(const KeyBounds& bounds, Compared& out, bool count_only);
  void targets(const KeyBounds& bounds, Compared& out);
  void compare_sources(const std::vector<Row>& rows, Compared& out);
  void compare_targets(const std::vector<bson::Document>& documents, Compared& out);
  /// Reads what differs again until it is alike, or stays as it is.
  void settle(std::vector<Pair> pairs, Compared& out);
  void read_again(std::vector<Pair>& pairs);
  void note(const Pair& pair, Compared& out) const;

  const CompareJob& job_;
  std::unique_ptr<RowSide> source_;
  KeyRange target_;
  KeyRange all_;  ///< of the target, whosesoever they are
};

/// Compares all of both sides, partition by partition; by digest as a whole first. `after_each` is
/// called behind each partition.
[[nodiscard]] VerifyReport compare_all(const CompareJob& job, FunctionRef<void()> after_each);

/// Where two documents differ first: "address.lines[2]".
[[nodiscard]] std::string first_difference(bson::View a, bson::View b);

/// Indexes, validators, references and the program's own check, as the options ask.
void check_target(const CompareJob& job, VerifyReport& report);

}  // namespace quire::migrate::data
