#include "store/embedded/pipeline/optimize.hpp"

#include <algorithm>

#include "store/embedded/pipeline/match.hpp"
#include "store/embedded/pipeline/sort.hpp"

namespace quire::store::embedded {
namespace {

template <class Spec>
const Spec* as(const StageSpecPtr& spec) noexcept {
  return dynamic_cast<const Spec*>(spec.get());
}

void move_matches(StageSpecs& stages) {
  for (std::size_t i = 1; i < stages.size(); ++i) {
    const auto* match = as<MatchSpec>(stages[i]);
    if (match == nullptr) continue;
    FieldUse use;
    match->matcher().add_fields(use);
    if (use.whole) continue;
    for (std::size_t at = i; at > 0; --at) {
      const auto& before = stages[at - 1];
      if (as<MatchSpec>(before) != nullptr || !before->lets_match_pass(use.paths)) break;
      std::swap(stages[at - 1], stages[at]);
    }
  }
}

/// Matches one behind the other are one.
void join_matches(StageSpecs& stages) {
  for (std::size_t i = 0; i + 1 < stages.size();) {
    const auto* first = as<MatchSpec>(stages[i]);
    const auto* second = as<MatchSpec>(stages[i + 1]);
    if (first == nullptr || second == nullptr) {
      ++i;
      continue;
    }
    if (first->matcher().filter().empty()) {
      stages.erase(stages.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    bson::Writer both;
    both.begin_array("$and");
    both.push(first->matcher().filter()).push(second->matcher().filter()).end();
    // The later one may know more variables, never others.
    stages[i] = make_match(both.finish_view(), second->scope());
    stages.erase(stages.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

void bound_sorts(StageSpecs& stages) {
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    const auto* sort = as<SortSpec>(stages[i]);
    if (sort == nullptr || sort->limit() != 0) continue;
    std::int64_t skip = 0;
    for (std::size_t k = i + 1; k < stages.size(); ++k) {
      if (const auto* skipped = as<SkipSpec>(stages[k])) {
        if (skipped->count() > (std::int64_t{1} << 40)) break;
        skip += skipped->count();
        continue;
      }
      if (const auto* limit = as<LimitSpec>(stages[k])) {
        if (limit->count() < (std::int64_t{1} << 40))
          stages[i] = std::make_shared<SortSpec>(sort->keys(), skip + limit->count());
      }
      break;
    }
  }
}

/// The fields of a document at the beginnings of `paths`, each once.
std::vector<std::string> first_steps(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) out.push_back(path.substr(0, path.find('.')));
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace

Sources::Read OptimizedPipeline::read() const {
  Sources::Read out;
  out.sort = sort.view();
  out.skip = skip;
  out.limit = limit;
  if (fields) out.fields = &*fields;
  return out;
}

StageSpecs optimize(StageSpecs stages) {
  move_matches(stages);
  join_matches(stages);
  bound_sorts(stages);
  return stages;
}

OptimizedPipeline push_down(StageSpecs stages) {
  OptimizedPipeline out;
  std::size_t i = 0;
  if (!stages.empty()) {
    if (const auto* match = as<MatchSpec>(stages.front())) {
      out.match = match->matcher();
      ++i;
    }
  }
  if (i < stages.size()) {
    if (const auto* sort = as<SortSpec>(stages[i])) {
      out.sort = bson::Document(sort->keys());
      ++i;
    }
  }
  bool limited = false;
  for (; i < stages.size(); ++i) {
    if (const auto* skip = as<SkipSpec>(stages[i]); skip != nullptr && !limited) {
      if (skip->count() > (std::int64_t{1} << 60) - out.skip) break;
      out.skip += skip->count();
    } else if (const auto* limit = as<LimitSpec>(stages[i])) {
      out.limit = limited ? std::min(out.limit, limit->count()) : limit->count();
      limited = true;
    } else {
      break;
    }
  }
  out.rest.assign(stages.begin() + static_cast<std::ptrdiff_t>(i), stages.end());
  const FieldNeeds needs = needs_of(out.rest);
  if (!needs.use.whole && (needs.held || !out.sort.view().empty()))
    out.fields = first_steps(needs.use.paths);
  return out;
}

}  // namespace quire::store::embedded
