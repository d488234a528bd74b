#include "migrate/compile.hpp"

#include <algorithm>

#include "core/sha256.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::Operation;

class Recorder final : public MigrationContext::Sink {
 public:
  void take(const Step& step) override { steps.push_back(step); }
  std::vector<Step> steps;
};

bool is_rows(Operation operation) {
  switch (operation) {
    case Operation::each:
    case Operation::transform:
    case Operation::copy_documents:
    case Operation::move_documents:
    case Operation::remove_copies:
      return true;
    default:
      return false;
  }
}

/// The class that steps have by themselves, taken together: the weakest promise counts.
Atomicity natural_class(const std::vector<Step>& steps, const store::Capabilities& can) {
  const bool transactions = can.transactions;
  bool batches = false;
  bool repeated = false;
  bool catalog = false;  // a step that no transaction takes, but that may be done again
  bool documents = false;
  for (const Step& step : steps) {
    const auto& data = step.data();
    if (data.operation != Operation::code) {
      batches = batches || is_rows(data.operation);
      (is_catalog(data.operation) && !can.transactional_catalog ? catalog : documents) = true;
      continue;
    }
    documents = true;
    switch (data.code_class) {
      case Atomicity::manual:
        return Atomicity::manual;
      case Atomicity::resumable:
        batches = true;
        break;
      case Atomicity::idempotent:
        repeated = true;
        break;
      case Atomicity::transactional:
        if (!transactions) {
          throw StoreError(ErrorCode::unsupported,
                           "run(Atomicity::transactional, …) needs a store with transactions");
        }
        break;
    }
  }
  if (batches) return Atomicity::resumable;
  if (repeated) return steps.size() == 1 ? Atomicity::idempotent : Atomicity::resumable;
  if (catalog && transactions) return documents ? Atomicity::resumable : Atomicity::idempotent;
  return transactions ? Atomicity::transactional : Atomicity::idempotent;
}

/// What info().atomicity may make of it.
Atomicity wanted_class(Atomicity natural, const Migration& migration,
                       const std::vector<Step>& steps, const store::Capabilities& can) {
  const auto& wanted = migration.info().atomicity;
  if (!wanted || *wanted == natural) return natural;
  const auto refuse = [&](const char* why) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(migration.info().id),
                         "asks for " + std::string(to_string(*wanted)) + ", but " + why);
  };
  const bool own_code = std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return step.data().operation == Operation::code &&
           step.data().code_class != Atomicity::transactional;
  });
  switch (*wanted) {
    case Atomicity::transactional:
      if (own_code) refuse("runs code that was declared otherwise");
      if (!can.transactions) refuse("the store has no transactions");
      if (!can.transactional_catalog &&
          std::any_of(steps.begin(), steps.end(),
                      [](const Step& step) { return is_catalog(step.data().operation); }))
        refuse("a server makes and drops indexes and collections outside of transactions");
      break;
    case Atomicity::resumable:
      if (natural == Atomicity::manual) refuse("runs manual code");
      break;
    case Atomicity::idempotent:
      refuse("only run(Atomicity::idempotent, …) can say so");
      break;
    case Atomicity::manual:
      break;
  }
  return *wanted;
}

std::string checksum_of(const std::vector<Step>& steps, int revision) {
  bson::Writer canonical;
  canonical.append("v", std::int32_t{1});
  canonical.begin_array("steps");
  for (const Step& step : steps) canonical.push(step.spec());
  canonical.end();
  canonical.append("revision", std::int64_t{revision});
  const bson::Document bytes = canonical.finish();
  return "q1:sha256:" + sha256_hex({bytes.view().data(), bytes.size()});
}

std::vector<std::string> touches_of(const std::vector<Step>& steps) {
  std::vector<std::string> all;
  for (const Step& step : steps) {
    if (step.data().operation == Operation::code) all.emplace_back("*");
    for (const std::string& one : step.data().touches) all.push_back(one);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void find_way_back(Compiled& result) {
  const Undo undo = result.migration->undo();
  if (!undo.reason().empty()) {
    result.no_way_back = undo.reason();
    return;
  }
  if (undo.steps()) {
    result.back = Compiled::Way::steps;
    result.down_steps = undo.steps()->list();
    return;
  }
  Recorder recorder;
  MigrationContext context(recorder);
  try {
    result.migration->down(context);
    result.back = Compiled::Way::code;
    result.down_steps = std::move(recorder.steps);
    return;
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::irreversible) throw;
    result.no_way_back = error.detail();
  }
  std::vector<Step> inverses;
  for (auto it = result.steps.rbegin(); it != result.steps.rend(); ++it) {
    const auto& data = it->data();
    if (data.inverse == nullptr) {
      result.no_way_back = data.no_way_back;
      return;
    }
    inverses.emplace_back(data.inverse);
  }
  result.back = Compiled::Way::steps;
  result.down_steps = std::move(inverses);
  result.derived_back = true;
  result.no_way_back.clear();
}

bool covers(std::string_view wide, std::string_view narrow) {
  return narrow.starts_with(wide) && (narrow.size() == wide.size() || narrow[wide.size()] == '.');
}

}  // namespace

bool is_catalog(Operation operation) noexcept {
  switch (operation) {
    case Operation::create_index:
    case Operation::drop_index:
    case Operation::create_collection:
    case Operation::drop_collection:
    case Operation::drop_if_empty:
      return true;
    default:
      return false;
  }
}

Compiled learn(const std::shared_ptr<Migration>& migration) {
  Compiled result;
  result.migration = migration;
  Recorder recorder;
  MigrationContext context(recorder);
  migration->up(context);
  result.steps = std::move(recorder.steps);
  result.checksum = checksum_of(result.steps, migration->info().revision);
  result.touches =
      migration->info().touches.empty() ? touches_of(result.steps) : migration->info().touches;
  find_way_back(result);
  return result;
}

void classify(Compiled& compiled, const store::Capabilities& can) {
  const Migration& migration = *compiled.migration;
  compiled.atomicity =
      wanted_class(natural_class(compiled.steps, can), migration, compiled.steps, can);
  const bool own_code =
      std::any_of(compiled.steps.begin(), compiled.steps.end(), [](const Step& s) {
        return s.data().operation == Operation::code &&
               s.data().code_class != Atomicity::transactional;
      });
  compiled.guarantee = own_code                                                          ? "guarded"
                       : can.transactions && compiled.atomicity != Atomicity::idempotent ? "txn"
                                                                                         : "replay";
  if (compiled.back == Compiled::Way::none) return;
  compiled.down_atomicity = natural_class(compiled.down_steps, can);
  if (compiled.atomicity == Atomicity::transactional &&
      migration.info().atomicity == Atomicity::transactional) {
    compiled.down_atomicity =
        wanted_class(compiled.down_atomicity, migration, compiled.down_steps, can);
  }
}

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto everything = [](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), "*") != list.end();
  };
  if (everything(a) || everything(b)) return true;
  for (const std::string& one : a) {
    for (const std::string& other : b) {
      if (covers(one, other) || covers(other, one)) return true;
    }
  }
  return false;
}

}  // namespace quire::migrate
