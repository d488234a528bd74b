#include "quire/observe/shape.hpp"

#include "observe/text.hpp"
#include "quire/core/error.hpp"

namespace quire::observe {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

constexpr int max_shape_depth = 20;

class ShapeWriter {
 public:
  /// {field: condition, $and: [filter, …], …}
  void filter(View filter, int depth) {
    if (depth > max_shape_depth || full()) return hide();
    out_ += '{';
    bool first = true;
    for (const auto& field : filter) {
      if (full()) break;
      key(field.key, first);
      if (field.key == "$and" || field.key == "$or" || field.key == "$nor") {
        clauses(field.value, depth);
      } else if (field.key.starts_with('$')) {
        hide();
      } else {
        condition(field.value, depth);
      }
    }
    out_ += '}';
  }

  [[nodiscard]] std::string finish() && {
    if (!full()) return std::move(out_);
    std::size_t end = max_shape_bytes;
    while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xC0) == 0x80) --end;
    out_.resize(end);
    out_ += "…";
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool full() const noexcept { return out_.size() > max_shape_bytes; }
  void hide() { out_ += "\"?\""; }
  void key(std::string_view name, bool& first) {
    if (!first) out_ += ',';
    first = false;
    append_quoted(out_, name);
    out_ += ':';
  }

  void clauses(ValueView list, int depth) {
    if (!list.is_array()) return hide();
    out_ += '[';
    std::string before;
    bool first = true;
    for (const auto& clause : list.as_array()) {
      if (full()) break;
      ShapeWriter one;
      if (clause.value.is_document())
        one.filter(clause.value.as_document(), depth + 1);
      else
        one.hide();
      if (!first && one.out_ == before) continue;
      if (!first) out_ += ',';
      first = false;
      out_ += one.out_;
      before = std::move(one.out_);
    }
    out_ += ']';
  }

  void condition(ValueView value, int depth) {
    if (!value.is_document() || depth >= max_shape_depth) return hide();
    const View operators = value.as_document();
    if (operators.empty() || !operators.begin()->key.starts_with('$')) return hide();
    out_ += '{';
    bool first = true;
    for (const auto& one : operators) {
      if (full()) break;
      key(one.key, first);
      if (one.key == "$not") {
        condition(one.value, depth + 1);
      } else if (one.key == "$elemMatch" && one.value.is_document()) {
        const View inner = one.value.as_document();
        const bool of_values = !inner.empty() && inner.begin()->key.starts_with('$') &&
                               inner.begin()->key != "$and" && inner.begin()->key != "$or" &&
                               inner.begin()->key != "$nor";
        if (of_values)
          condition(one.value, depth + 1);
        else
          filter(inner, depth + 1);
      } else {
        hide();
      }
    }
    out_ += '}';
  }

  std::string out_;
};

}  // namespace

std::string filter_shape(View filter) {
  ShapeWriter out;
  try {
    out.filter(filter, 0);
  } catch (const Error&) {  // bytes that are no BSON
    return "\"?\"";
  }
  return std::move(out).finish();
}

std::string sort_shape(View sort) {
  std::string out = "{";
  try {
    for (const auto& field : sort) {
      if (out.size() > max_shape_bytes) return out += "…";
      if (out.size() > 1) out += ',';
      append_quoted(out, field.key);
      out += ':';
      const ValueView v = field.value;
      const double direction = v.type() == Type::int32     ? v.as_int32()
                               : v.type() == Type::int64   ? static_cast<double>(v.as_int64())
                               : v.type() == Type::double_ ? v.as_double()
                                                           : 0;
      out += direction > 0 ? "1" : direction < 0 ? "-1" : "\"?\"";
    }
  } catch (const Error&) {
    return "\"?\"";
  }
  return out + "}";
}

}  // namespace quire::observe
