#include "importer/cell_identity.hpp"

#include <fmt/format.h>

#include <cmath>

namespace quire::importer {
namespace {

std::string real_text(double value) {
  constexpr double largest = 9.2e18;
  if (std::abs(value) < largest && value == std::floor(value))
    return fmt::format("n{}", static_cast<std::int64_t>(value));
  return fmt::format("r{}", value);
}

}  // namespace

std::string plain_digits(std::string_view digits) {
  if (digits.find('.') != digits.npos && digits.find_first_of("eE") == digits.npos) {
    while (digits.ends_with('0')) digits.remove_suffix(1);
    if (digits.ends_with('.')) digits.remove_suffix(1);
  }
  if (digits == "-0" || digits.empty()) return "0";
  return std::string(digits);
}

void append_identity(std::string& out, const Cell& cell) {
  using Kind = Cell::Kind;
  std::string text;
  switch (cell.kind) {
    case Kind::int32:
    case Kind::int64:
      text = fmt::format("n{}", cell.integer);
      break;
    case Kind::uint64:
      text = fmt::format("n{}", cell.unsigned_integer);
      break;
    case Kind::real:
      text = real_text(cell.real);
      break;
    case Kind::decimal:
      text = "n" + plain_digits(cell.text);
      break;
    case Kind::boolean:
    case Kind::instant:
    case Kind::wall_time:
    case Kind::date:
    case Kind::time:
      text = fmt::format("{}:{}", static_cast<int>(cell.kind), cell.integer);
      break;
    case Kind::uuid:
      text.assign(cell.uuid.begin(), cell.uuid.end());
      text.insert(0, "u");
      break;
    case Kind::absent:
    case Kind::null:
      text = "0";
      break;
    default:
      text = fmt::format("{}:", static_cast<int>(cell.kind)).append(cell.text);
  }
  out += fmt::format("{}:", text.size());
  out += text;
}

}  // namespace quire::importer
