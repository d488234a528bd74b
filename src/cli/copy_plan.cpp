#include "cli/copy_plan.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "core/listed.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli {
namespace {

bool is_bookkeeping(const std::string& name) {
  return name.starts_with("system.") || name == migrate::lock_collection ||
         name == copy_collection || name == "_quire_probe";
}

std::string names_of(bson::View options) {
  std::string out;
  for (const auto& option : options) out += (out.empty() ? "" : ", ") + std::string(option.key);
  return out;
}

/// Calls `sink` with each text in a document, however deep.
void each_text(bson::View document, const std::function<void(std::string_view)>& sink) {
  for (const auto& field : document) {
    if (field.value.is_string()) sink(field.value.as_string());
    if (field.value.is_document() || field.value.is_array())
      each_text(field.value.as_nested(), sink);
  }
}

/// Views behind the views that they read; those that read each other in a circle, which no server
/// makes, stay in the order of their names.
std::vector<PlannedView> in_order(std::vector<PlannedView> views) {
  std::vector<PlannedView> out;
  std::set<std::string> seen;
  const std::function<void(const PlannedView&)> visit = [&](const PlannedView& view) {
    if (!seen.insert(view.name).second) return;
    each_text(view.options, [&](std::string_view text) {
      const auto other =
          std::find_if(views.begin(), views.end(), [&](const auto& v) { return v.name == text; });
      if (other != views.end()) visit(*other);
    });
    out.push_back(view);
  };
  for (const auto& view : views) visit(view);
  return out;
}

class Planner {
 public:
  Planner(const Database& from, const Database& to, const CopyOptions& options,
          const CopyState* state)
      : from_(from), to_(to), options_(options), state_(state) {}

  CopyPlan plan() {
    check_arguments();
    present_ = to_.store().list_collections(to_.name());
    can_ = to_.store().capabilities();
    refuse_occupied();
    const auto sources = from_.store().list_collections(from_.name());
    check_names(sources);
    for (const auto& info : sources) {
      if (!is_copied(info.name, options_)) continue;
      if (info.type == "view") {
        add_view(info);
      } else {
        add_collection(info);
      }
    }
    plan_.views = in_order(std::move(plan_.views));
    return std::move(plan_);
  }

 private:
  void check_arguments() const {
    if (options_.batch_documents < 1 || options_.batch_documents > 100'000)
      throw StoreError(ErrorCode::invalid_argument, "a batch has 1 to 100,000 documents");
    if (from_.name().empty() || to_.name().empty())
      throw StoreError(ErrorCode::invalid_argument,
                       std::string("the ") + (from_.name().empty() ? "source" : "target") +
                           " names no database");
    if (&from_.store() == &to_.store() && from_.name() == to_.name())
      throw StoreError(ErrorCode::invalid_argument, "source and target are the same database");
  }

  void check_names(const std::vector<store::CollectionInfo>& sources) const {
    const auto there = [&](const std::string& name) {
      return std::any_of(sources.begin(), sources.end(),
                         [&](const auto& info) { return info.name == name; });
    };
    if (there(std::string(copy_collection)))
      throw StoreError(
          ErrorCode::invalid_argument,
          "the source is itself the target of a copy that was not finished; finish it, "
          "or drop its collection _quire_copy to copy what is there");
    for (const auto* list : {&options_.collections, &options_.exclude}) {
      for (const auto& name : *list) {
        if (!there(name))
          throw StoreError(ErrorCode::namespace_not_found,
                           "the source has no collection or view \"" + name + "\"");
      }
    }
  }

  const store::CollectionInfo* present(const std::string& name) const {
    const auto found = std::find_if(present_.begin(), present_.end(),
                                    [&](const auto& info) { return info.name == name; });
    return found == present_.end() ? nullptr : &*found;
  }

  [[nodiscard]] bool holds_documents(const std::string& name) const {
    Database to = to_;
    return migrate::find_document(to, name, {}).has_value();
  }

  /// Existing::fail: nothing may be in the target but what the copy to be resumed put there.
  void refuse_occupied() const {
    if (options_.existing != Existing::fail) return;
    for (const auto& info : present_) {
      if (info.name == copy_collection || info.name.starts_with("system.")) continue;
      if (state_ != nullptr && (info.type == "view" || state_->find(info.name) != nullptr))
        continue;
      if (info.type != "view" && !holds_documents(info.name)) continue;
      throw StoreError(ErrorCode::namespace_exists,
                       "the target is not empty: it has the " +
                           std::string(info.type == "view" ? "view" : "collection") + " \"" +
                           info.name +
                           "\"; give an empty database, or say what becomes of documents that are "
                           "there (--existing skip or replace)");
    }
  }

  void leave_out_or_refuse(const std::string& what, const std::string& how) {
    if (!options_.skip_options)
      throw StoreError(ErrorCode::unsupported, "the target has no " + what + "; " + how +
                                                   ", or leave out what it cannot have "
                                                   "(--skip-options)");
    plan_.left_out.push_back(what + ": the target has none of these");
  }

  void add_view(const store::CollectionInfo& info) {
    if (!can_.views) {
      leave_out_or_refuse("views: \"" + info.name + "\" is one",
                          "exclude it (--exclude " + info.name + ")");
      return;
    }
    const auto* there = present(info.name);
    if (there != nullptr && there->type != "view") refuse_type(info, *there);
    plan_.views.push_back({info.name, info.options, there != nullptr});
  }

  [[noreturn]] static void refuse_type(const store::CollectionInfo& mine,
                                       const store::CollectionInfo& there) {
    throw StoreError(ErrorCode::namespace_exists, "\"" + mine.name + "\" is a " + mine.type +
                                                      " in the source and a " + there.type +
                                                      " in the target");
  }

  void add_collection(const store::CollectionInfo& info) {
    PlannedCollection out;
    out.name = info.name;
    out.type = info.type;
    out.validated = info.options.contains("validator");
    add_options(info, out);
    out.natural = info.type == "timeseries" || out.options.contains("capped");
    for (const auto& index : from_.store().list_indexes(from_.ns(info.name))) {
      if (migrate::get_text(index, "name") == "_id_" || index.contains("clustered")) continue;
      out.indexes.push_back(index);
    }
    if (const auto* there = present(info.name)) {
      if (there->type == "view") refuse_type(info, *there);
      out.present = true;
    }
    const CollectionState* known = state_ == nullptr ? nullptr : state_->find(info.name);
    if (known != nullptr) {
      out.state = *known;
      if (!out.present && out.state.phase != CollectionState::Phase::fresh) out.state = {};
    } else if (out.present) {
      out.state.merged = holds_documents(info.name);
      if (out.natural && out.state.merged)
        throw StoreError(ErrorCode::namespace_exists,
                         "\"" + info.name +
                             "\" is capped or a time series and is in the target already; it can "
                             "only be copied as a whole: drop it there, or exclude it");
    }
    plan_.collections.push_back(std::move(out));
  }

  /// Whether the target's collections can have an option of `info`.
  [[nodiscard]] bool can_have(const bson::Element& option,
                              const store::CollectionInfo& info) const {
    const auto name = option.key;
    if (name == "validator" || name == "validationLevel" || name == "validationAction")
      return can_.json_schema;
    // Measurements alone expire by an option of their collection, and clustered documents.
    if (name == "timeseries" || (name == "expireAfterSeconds" && info.type == "timeseries"))
      return can_.time_series;
    return name == "collation" ? can_.collation : can_.collection_options;
  }

  void add_options(const store::CollectionInfo& info, PlannedCollection& out) {
    bson::Writer kept;
    bson::Writer rest;
    for (const auto& option : info.options)
      (can_have(option, info) ? kept : rest).append(option.key, option.value);
    out.options = kept.finish();
    const auto others = rest.finish();
    if (others.empty()) return;
    leave_out_or_refuse("options of collections: \"" + info.name + "\" has " + names_of(others),
                        "exclude the collection (--exclude " + info.name + ")");
  }

  const Database& from_;
  const Database& to_;
  const CopyOptions& options_;
  const CopyState* state_;
  store::Capabilities can_;
  std::vector<store::CollectionInfo> present_;
  CopyPlan plan_;
};

}  // namespace

CopyReport report_about(const Database& from, const Database& to) {
  CopyReport report;
  report.source = from.store().redacted_uri();
  report.source_database = from.name();
  report.target = to.store().redacted_uri();
  report.target_database = to.name();
  return report;
}

bool is_copied(const std::string& name, const CopyOptions& options) {
  if (is_bookkeeping(name) || is_listed(options.exclude, name)) return false;
  return options.collections.empty() || is_listed(options.collections, name);
}

CopyPlan plan_copy(const Database& from, const Database& to, const CopyOptions& options,
                   const CopyState* state) {
  return Planner(from, to, options, state).plan();
}

}  // namespace quire::cli
