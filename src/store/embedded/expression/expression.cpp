#include "store/embedded/expression/expression.hpp"

#include "quire/core/error.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

void Arena::reset() noexcept {
  if (blocks_.empty()) return;
  if (blocks_.size() > 1) {
    std::size_t largest = 0;
    for (std::size_t i = 1; i < blocks_.size(); ++i) {
      if (blocks_[i].size > blocks_[largest].size) largest = i;
    }
    std::swap(blocks_[0], blocks_[largest]);
    blocks_.resize(1);
  }
  at_ = blocks_[0].bytes.get();
  left_ = total_ = blocks_[0].size;
}

void Arena::grow(std::size_t n) {
  constexpr std::size_t first = 4096;
  std::size_t size = blocks_.empty() ? first : blocks_.back().size * 2;
  if (size < n) size = n;
  blocks_.push_back({std::unique_ptr<std::uint8_t[]>(new std::uint8_t[size]), size});
  at_ = blocks_.back().bytes.get();
  left_ = size;
  total_ += size;
}

void fail_expression(int code, std::string_view detail) {
  throw QueryError(ErrorCode::invalid_query, FieldPath(), detail, code);
}

void refuse_expression(std::string_view feature) {
  throw StoreError(ErrorCode::unsupported, "the embedded store has no " + std::string(feature));
}

ValueView Evaluation::string(std::string_view text) {
  const auto length = static_cast<std::uint32_t>(text.size() + 1);
  std::uint8_t* out = arena_.allocate(text.size() + 5);
  std::memcpy(out, &length, 4);
  if (!text.empty()) std::memcpy(out + 4, text.data(), text.size());
  out[4 + text.size()] = 0;
  return {Type::string, out, text.size() + 5};
}

ValueView Evaluation::binary(bson::BinarySubtype subtype, std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::uint8_t* out = arena_.allocate(bytes.size() + 5);
  std::memcpy(out, &length, 4);
  out[4] = static_cast<std::uint8_t>(subtype);
  if (!bytes.empty()) std::memcpy(out + 5, bytes.data(), bytes.size());
  return {Type::binary, out, bytes.size() + 5};
}

Evaluation::Builder::Builder(Evaluation& e) : e_(e) {
  if (e.writers_.empty()) {
    writer_ = std::make_unique<bson::Writer>();
  } else {
    writer_ = std::move(e.writers_.back());
    e.writers_.pop_back();
    writer_->reset();
  }
}

Evaluation::Builder::~Builder() {
  if (writer_->size() < (1U << 20) && e_.writers_.size() < 16)
    e_.writers_.push_back(std::move(writer_));
}

void Expression::add_fields(FieldUse& use) const {
  for (const auto& child : children_) {
    if (child != nullptr) child->add_fields(use);
  }
}

void ParseScope::define_constant(std::string_view name, ValueView value) {
  if (!system_names) check_variable_name(name);
  std::erase_if(names_, [&](const auto& known) { return known.first == name; });
  constants_.insert_or_assign(std::string(name), make_constant(value));
}

std::size_t ParseScope::push(std::string_view name) {
  if (!system_names) check_variable_name(name);
  // Slots are not shared between siblings: an inner scope may still be read while an outer one
  // goes on.
  const std::size_t slot = next_++;
  most_ = std::max(most_, next_);
  names_.emplace_back(name, slot);
  return slot;
}

std::optional<std::size_t> ParseScope::find_slot(std::string_view name) const {
  for (auto it = names_.rbegin(); it != names_.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

const Expression* ParseScope::find_constant(std::string_view name) const {
  const auto it = constants_.find(name);
  return it == constants_.end() ? nullptr : it->second.get();
}

void check_variable_name(std::string_view name) {
  if (name.empty()) fail_expression(9, "empty variable names are not allowed");
  const auto first = static_cast<unsigned char>(name.front());
  const bool lower = (first >= 'a' && first <= 'z') || first >= 0x80;
  if (name != "CURRENT" && !lower)
    fail_expression(
        9, "'" + std::string(name) + "' starts with an invalid character for a user variable name");
  for (const char letter : name.substr(1)) {
    const auto c = static_cast<unsigned char>(letter);
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c >= 0x80;
    if (!good)
      fail_expression(9, "'" + std::string(name) +
                             "' contains an invalid character for a "
                             "variable name: '" +
                             std::string(1, letter) + "'");
  }
}

std::vector<std::string> parse_field_path(std::string_view path) {
  if (path.empty()) fail_expression(40352, "FieldPath cannot be constructed with empty string");
  if (path.back() == '.') fail_expression(40353, "FieldPath must not end with a '.'.");
  std::vector<std::string> steps;
  for (std::size_t at = 0;;) {
    const auto dot = path.find('.', at);
    const auto step = path.substr(at, dot == path.npos ? path.npos : dot - at);
    if (step.empty()) fail_expression(15998, "FieldPath field names may not be empty strings.");
    if (step.front() == '$' && step != "$id" && step != "$ref" && step != "$db")
      fail_expression(16410,
                      "FieldPath field names may not start with '$'. Consider using "
                      "$getField or $setField.");
    if (step.find('\0') != step.npos)
      fail_expression(16411, "FieldPath field names may not contain '\\0'.");
    steps.emplace_back(step);
    if (dot == path.npos) break;
    at = dot + 1;
  }
  if (steps.size() > 200) fail_expression(15, "FieldPath is too long: more than 200 steps");
  return steps;
}

void check_field_name(std::string_view name) {
  if (name.empty()) fail_expression(15998, "FieldPath field names may not be empty strings.");
  if (name.front() == '$')
    fail_expression(16410,
                    "FieldPath field names may not start with '$'. Consider using $getField "
                    "or $setField.");
  if (name.find('.') != name.npos)
    fail_expression(16412,
                    "FieldPath field names may not contain '.'. Consider using $getField or "
                    "$setField.");
}

}  // namespace quire::store::embedded
