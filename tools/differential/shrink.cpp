#include "shrink.hpp"

namespace quire::differential {
namespace {

class Shrinker {
 public:
  Shrinker(Case one, const std::function<bool(const Case&)>& still, int tries)
      : case_(std::move(one)), still_(still), left_(tries) {}

  Case run() {
    bool smaller = true;
    while (smaller && left_ > 0) {
      smaller = drop_documents();
      if (case_.index.kind == Node::Kind::document) smaller |= attempt(case_.index, Node());
      // The names of the command and of its collection stay.
      for (std::size_t at = 1; at < case_.command.fields.size() && left_ > 0; ++at)
        smaller |= cut(case_.command.fields[at].second, case_.command.fields[at].first);
      for (std::size_t at = 0; at < case_.documents.size() && left_ > 0; ++at)
        smaller |= cut(case_.documents[at], "");
    }
    return std::move(case_);
  }

 private:
  // Puts `other` in the place of `node`, which lies in the case; takes it back when it does not
  // hold.
  bool attempt(Node& node, Node other) {
    if (left_-- <= 0) return false;
    std::swap(node, other);
    if (still_(case_)) return true;
    std::swap(node, other);
    return false;
  }

  bool drop_documents() {
    bool smaller = false;
    for (std::size_t size = case_.documents.size() / 2; size > 0; size /= 2) {
      for (std::size_t at = 0; at + size <= case_.documents.size() && left_ > 0;) {
        auto before = case_.documents;
        const auto from = case_.documents.begin() + static_cast<std::ptrdiff_t>(at);
        case_.documents.erase(from, from + static_cast<std::ptrdiff_t>(size));
        --left_;
        if (!case_.documents.empty() && still_(case_)) {
          smaller = true;
        } else {
          case_.documents = std::move(before);
          ++at;
        }
      }
    }
    return smaller;
  }

  static bool stays(const Node& node, std::string_view name) {
    if (name == "_id" || name == "sort" || name == "$sort" || name == "sortBy") return true;
    return node.fields.size() == 1 && node.fields.front().first == "$sort";
  }

  // Nothing is emptied below the arguments of the command: an operator without operands shows other
  // mistakes than the one that was found.
  bool cut(Node& node, std::string_view name, int depth = 0) {
    bool smaller = false;
    if (name == "sort" || name == "$sort" || name == "sortBy") return false;
    for (std::size_t at = 0; at < node.fields.size() && left_ > 0;) {
      if ((depth > 0 && node.fields.size() == 1) ||
          stays(node.fields[at].second, node.fields[at].first)) {
        ++at;
        continue;
      }
      Node other = node;
      other.fields.erase(other.fields.begin() + static_cast<std::ptrdiff_t>(at));
      if (attempt(node, std::move(other))) {
        smaller = true;
      } else {
        ++at;
      }
    }
    // An operator or a list gives way to its only operand.
    if (node.fields.size() == 1 && !stays(node.fields.front().second, node.fields.front().first) &&
        left_ > 0) {
      if (attempt(node, Node(node.fields.front().second)))
        return (void)cut(node, name, depth), true;
    }
    for (std::size_t at = 0; at < node.fields.size() && left_ > 0; ++at)
      smaller |= cut(node.fields[at].second, node.fields[at].first, depth + 1);
    return smaller;
  }

  Case case_;
  const std::function<bool(const Case&)>& still_;
  int left_;
};

}  // namespace

Case shrink(Case one, const std::function<bool(const Case&)>& still, int tries) {
  return Shrinker(std::move(one), still, tries).run();
}

}  // namespace quire::differential
