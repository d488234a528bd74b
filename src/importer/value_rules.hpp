#pragma once

namespace quire::importer {

/// What FieldRule, IdRule and FieldOptions say alike of a value, but `as`, which options may leave
/// out.
template <class To, class From>
void take_value_rules(To& to, const From& from) {
  to.lower = from.lower;
  to.upper = from.upper;
  to.trim = from.trim;
  to.values = from.values;
  to.other = from.other;
  to.types = from.types;
}

}  // namespace quire::importer
