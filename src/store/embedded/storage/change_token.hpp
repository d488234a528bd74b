#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "quire/bson/document.hpp"

/// Resume tokens of an embedded file (docs/formats/change-log.md).
namespace quire::store::embedded {

/// Which log a token belongs to: random, made with the log.
using LogId = std::array<std::uint8_t, 8>;

/// A place in the log. Order: by sequence number, then by kind.
struct ChangePosition {
  enum class Kind : std::uint8_t {
    event = 0,       ///< behind the event of the entry; in front of the invalidate it may cause
    invalidate = 1,  ///< behind that invalidate
    mark = 2,        ///< behind all that the entry means
  };
  std::int64_t sequence = 0;
  Kind kind = Kind::mark;
  friend auto operator<=>(const ChangePosition&, const ChangePosition&) = default;
};

struct ChangeToken {
  LogId log{};
  ChangePosition position;

  /// {_data: "…"}: 36 hexadecimal digits, whose order is the order of the positions.
  [[nodiscard]] bson::Document document() const;
  /// Throws StoreError resume_failed: 40647 without a string _data, 9 for one that is not
  /// hexadecimal, 260 for one that no embedded file wrote.
  [[nodiscard]] static ChangeToken parse(bson::View token, std::string_view option);
};

}  // namespace quire::store::embedded
