#pragma once

#include <span>
#include <string_view>

#include "quire/bson/value.hpp"

namespace quire::store::embedded {

/// A series of preferred numbers that $bucketAuto rounds its boundaries to. Source: MongoDB manual,
/// "$bucketAuto", "granularity"; the Renard (ISO 3), E (IEC 60063) and 1-2-5 series.
class Granularity {
 public:
  /// Null for an unknown name.
  [[nodiscard]] static const Granularity* find(std::string_view name) noexcept;
  /// The next number of the series above `number` (0 stays 0).
  [[nodiscard]] bson::Value round_up(bson::ValueView number) const;
  /// The next one below.
  [[nodiscard]] bson::Value round_down(bson::ValueView number) const;

  std::string_view name;
  std::span<const double> series;  ///< of one decade; empty: powers of two
};

}  // namespace quire::store::embedded
