#include "migrate/compile.hpp"

#include <algorithm>

#include "core/sha256.hpp"
#include "migrate/kept_images.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::CodeWork;
using detail::is_apart;
using detail::is_code;
using detail::is_own_code;
using detail::is_rows;
using detail::StepData;

class Recorder final : public MigrationContext::Sink {
 public:
  void take(const Step& step) override { steps.push_back(step); }
  std::vector<Step> steps;
};

bool is_fields(const StepData& step) { return detail::work_as<detail::FieldWork>(step) != nullptr; }

/// The class that steps have by themselves, taken together: the weakest promise counts.
Atomicity natural_class(const std::vector<Step>& steps, const store::Capabilities& can,
                        bool large) {
  const bool transactions = can.transactions;
  bool batches = false;
  bool repeated = false;
  bool catalog = false;  // a step that no transaction takes, but that may be done again
  bool documents = false;
  for (const Step& step : steps) {
    const StepData& data = step.data();
    const auto* code = detail::work_as<CodeWork>(data);
    if (code == nullptr) {
      batches = batches || is_rows(data) || (large && is_fields(data));
      (is_apart(data, can.transactional_catalog) ? catalog : documents) = true;
      continue;
    }
    documents = true;
    switch (code->atomicity) {
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
  const bool own_code = std::any_of(steps.begin(), steps.end(),
                                    [](const Step& step) { return is_own_code(step.data()); });
  switch (*wanted) {
    case Atomicity::transactional:
      if (own_code) refuse("runs code that was declared otherwise");
      if (!can.transactions) refuse("the store has no transactions");
      if (std::ranges::any_of(steps, [&](const Step& step) {
            return is_apart(step.data(), can.transactional_catalog);
          }))
        refuse("it changes indexes or collections in a way that no transaction of the store takes");
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
    if (is_code(step.data())) all.emplace_back("*");
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
  if (result.migration->info().keep_preimages) return go_back_by_images(result);
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

/// Puts the migration's id to what `look` throws.
void naming(const Migration& migration, FunctionRef<void()> look) {
  const std::string& id = migration.info().id;
  try {
    look();
  } catch (const MigrationError&) {
    throw;
  } catch (const StoreError& error) {
    throw StoreError(error.code(), FieldPath(id), error.detail(), error.backend_code());
  } catch (...) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(id),
                         "up() or down() failed when they were called to learn their steps "
                         "(whatever has an effect belongs into a step): " +
                             current_failure().text);
  }
}

}  // namespace

Compiled learn(const std::shared_ptr<Migration>& migration) {
  Compiled result;
  result.migration = migration;
  naming(*migration, [&] {
    Recorder recorder;
    MigrationContext context(recorder);
    migration->up(context);
    result.steps = std::move(recorder.steps);
    if (migration->info().keep_preimages) keep_images(result);
    result.checksum = checksum_of(result.steps, migration->info().revision);
    result.touches =
        migration->info().touches.empty() ? touches_of(result.steps) : migration->info().touches;
    find_way_back(result);
  });
  return result;
}

namespace {

/// The weakest of what its steps give.
std::string guarantee_of(const std::vector<Step>& steps, Atomicity atomicity,
                         const store::Capabilities& can, bool keeps) {
  const auto any = [&](auto&& is) {
    return std::ranges::any_of(steps, [&](const Step& step) { return is(step.data()); });
  };
  if (any(is_own_code)) return "guarded";
  if (can.transactions && atomicity != Atomicity::idempotent) return "txn";
  if (!any(is_rows)) return "replay";
  const bool all_versioned = std::ranges::all_of(steps, [](const Step& step) {
    const auto* rows = detail::work_as<detail::RowWork>(step.data());
    return rows != nullptr && rows->versioned;
  });
  if (keeps) return "fenced";
  return all_versioned ? "versioned" : "fenced";
}

void classify_steps(Compiled& compiled, const store::Capabilities& can, bool large) {
  const Migration& migration = *compiled.migration;
  compiled.large = large && migration.info().atomicity != Atomicity::transactional;
  compiled.atomicity =
      wanted_class(natural_class(compiled.steps, can, large), migration, compiled.steps, can);
  compiled.guarantee =
      guarantee_of(compiled.steps, compiled.atomicity, can, migration.info().keep_preimages);
  if (compiled.back == Compiled::Way::none) return;
  compiled.down_atomicity = natural_class(compiled.down_steps, can, large);
  if (compiled.atomicity == Atomicity::transactional &&
      migration.info().atomicity == Atomicity::transactional) {
    compiled.down_atomicity =
        wanted_class(compiled.down_atomicity, migration, compiled.down_steps, can);
  }
}

}  // namespace

void classify(Compiled& compiled, const store::Capabilities& can, bool large) {
  naming(*compiled.migration, [&] { classify_steps(compiled, can, large); });
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
