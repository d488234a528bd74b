#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

#include "store/embedded/engine/decimal_parts.hpp"

/// Whole numbers of any size, for what goes beyond a decimal's coefficient. Slow to compile: only
/// for the bodies of decimal_math.hpp.
namespace quire::store::embedded {

using Integer = boost::multiprecision::cpp_int;

inline Integer to_integer(Coefficient value) {
  return (Integer(static_cast<std::uint64_t>(value >> 64)) << 64) +
         static_cast<std::uint64_t>(value);
}

/// `value` is below 2^128.
inline Coefficient to_coefficient(const Integer& value) {
  const Integer low = value & Integer(~0ULL);
  return static_cast<Coefficient>(static_cast<std::uint64_t>(Integer(value >> 64))) << 64 |
         static_cast<std::uint64_t>(low);
}

inline Integer integer_power(int base, int n) {
  return boost::multiprecision::pow(Integer(base), static_cast<unsigned>(n));
}

}  // namespace quire::store::embedded
