#include "quire/migrate/types.hpp"

#include "quire/migrate/runner.hpp"
#include "quire/migrate/text.hpp"

namespace quire::migrate {

std::string_view to_string(Atomicity value) noexcept {
  switch (value) {
    case Atomicity::transactional:
      return "transactional";
    case Atomicity::resumable:
      return "resumable";
    case Atomicity::idempotent:
      return "idempotent";
    case Atomicity::manual:
      return "manual";
  }
  return "unknown";
}

std::string_view to_string(MigrationKind value) noexcept {
  switch (value) {
    case MigrationKind::schema:
      return "schema";
    case MigrationKind::data:
      return "data";
    case MigrationKind::contract:
      return "contract";
  }
  return "unknown";
}

std::string_view to_string(MigrationState value) noexcept {
  switch (value) {
    case MigrationState::running:
      return "running";
    case MigrationState::applied:
      return "applied";
    case MigrationState::failed:
      return "failed";
    case MigrationState::partial:
      return "partial";
    case MigrationState::paused:
      return "paused";
    case MigrationState::attention:
      return "attention";
    case MigrationState::reverting:
      return "reverting";
    case MigrationState::reverted:
      return "reverted";
    case MigrationState::skipped:
      return "skipped";
    case MigrationState::baselined:
      return "baselined";
    case MigrationState::superseded:
      return "superseded";
    case MigrationState::pending:
      return "pending";
    case MigrationState::blocked:
      return "blocked";
    case MigrationState::future:
      return "future";
    case MigrationState::drifted:
      return "drifted";
  }
  return "unknown";
}

std::string_view to_string(MigrationEvent::Kind kind) noexcept {
  switch (kind) {
    case MigrationEvent::Kind::waiting:
      return "waiting";
    case MigrationEvent::Kind::took_over:
      return "took_over";
    case MigrationEvent::Kind::started:
      return "started";
    case MigrationEvent::Kind::batch:
      return "batch";
    case MigrationEvent::Kind::paused:
      return "paused";
    case MigrationEvent::Kind::finished:
      return "finished";
    case MigrationEvent::Kind::failed:
      return "failed";
    case MigrationEvent::Kind::locked:
      return "locked";
    case MigrationEvent::Kind::slow:
      return "slow";
    case MigrationEvent::Kind::ended:
      return "ended";
  }
  return "unknown";
}

void to_lower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

void to_upper(std::string& text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
}

void trim(std::string& text) {
  constexpr std::string_view space = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(space);
  if (first == std::string::npos) {
    text.clear();
    return;
  }
  text.erase(text.find_last_not_of(space) + 1);
  text.erase(0, first);
}

}  // namespace quire::migrate
