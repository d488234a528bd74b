#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node.hpp"
#include "quire/store/store.hpp"

namespace quire::differential {

/// One command on a few documents: what is compared, shrunk and printed.
struct Case {
  std::vector<Node> documents;
  Node index;  ///< the keys of one; a leaf: there is none
  Node command;
};

/// What a store said. Two answers agree when `text` does.
struct Answer {
  std::string text;      ///< canonical, with documents sorted where no order is due
  bson::Document shown;  ///< for people
  int code = 0;          ///< of the error; 0: there was none
  bool failed = false;
  bool refused = false;  ///< unsupported, as the store itself says: nothing to compare
};

inline constexpr std::string_view collection_name = "c";

/// Empties the collection, makes the index, inserts. What the inserts reported: it is an answer
/// too.
Answer prepare(store::Store& store, std::string_view database, const std::vector<Node>& documents,
               const Node& index);
/// Runs a command; that of a write is followed by the documents that it left, unless it failed.
[[nodiscard]] Answer answer(store::Store& store, std::string_view database, const Node& command);
/// Both; the first answer where it is a failure.
[[nodiscard]] Answer run(store::Store& store, std::string_view database, const Case& one);

/// What secantusd-rs says of all that it has not learnt, whatever the number.
[[nodiscard]] bool is_refusal(std::string_view message);

/// Success against failure, other documents, or another number of an error. Numbers of five digits
/// belong to one place in the server's code and are not compared, save 11000 of duplicate keys.
[[nodiscard]] bool differ(const Answer& embedded, const Answer& server);

/// The reply of run_command, or the error as an answer. Never throws a quire::Error.
[[nodiscard]] std::optional<bson::Document> reply_of(store::Store& store, std::string_view database,
                                                     const Node& command, Answer& failure);

/// {documents, index, command} as one line of Extended JSON.
[[nodiscard]] std::string case_json(const Case& one);

}  // namespace quire::differential
