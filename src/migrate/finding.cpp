#include "quire/migrate/finding.hpp"

#include <algorithm>
#include <set>

#include "migrate/finding_fields.hpp"

namespace quire::migrate {

std::string_view to_string(Severity value) noexcept {
  switch (value) {
    case Severity::ok:
      return "ok";
    case Severity::warning:
      return "warning";
    case Severity::danger:
      return "danger";
  }
  return "unknown";
}

std::string Finding::str() const {
  std::string out = code + " " + std::string(to_string(severity)) + ", ";
  if (!migration.empty()) {
    out += migration;
    if (step > 0) out += " step " + std::to_string(step);
    out += ", ";
  }
  if (!where.empty()) out += where + ": ";
  out += text;
  if (!assured.empty()) out += "; assured: " + assured;
  if (!next.empty()) out += "; " + next;
  return out;
}

Severity worst(const std::vector<Finding>& findings) noexcept {
  Severity most = Severity::ok;
  for (const Finding& one : findings) most = std::max(most, one.severity);
  return most;
}

void append_findings(bson::Writer& w, std::string_view key, const std::vector<Finding>& findings) {
  w.begin_array(key);
  for (const Finding& one : findings) {
    w.push_document_begin()
        .append("code", one.code)
        .append("severity", to_string(one.severity))
        .append("migration", one.migration)
        .append("step", std::int32_t{one.step})
        .append("collection", one.collection)
        .append("where", one.where);
    if (!one.keys.empty()) w.append("keys", one.keys);
    w.append("text", one.text).append("next", one.next).append("assured", one.assured).end();
  }
  w.end();
}

void append_next(bson::Writer& w, const std::vector<Finding>& findings) {
  std::set<std::string_view> told;
  w.begin_array("next");
  for (const Finding& one : findings)
    if (!one.next.empty() && told.insert(one.next).second) w.push(one.next);
  w.end();
}

}  // namespace quire::migrate
