#include "quire/migrate/skeleton.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "migrate/skeleton_text.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using bson::Document;
using bson::View;

std::string documents(std::int64_t n, bool all_read) {
  return std::to_string(n) + (n == 1 ? " document" : " documents") +
         (all_read ? "" : " of the sample");
}

/// The field of the document that a path begins with; nothing where its name is quoted.
std::optional<std::string> top_of(const std::string& path) {
  if (path.starts_with('"')) return std::nullopt;
  return path.substr(0, path.find_first_of(".["));
}
bool is_top(const std::string& path) { return top_of(path) == path; }
/// Whether operators reach it by its path: not within lists, values of maps and odd names.
bool is_plain(const std::string& path) { return path.find_first_of("\"[*") == std::string::npos; }

/// Text of the members and of up(), one collection after the other.
class Skeleton {
 public:
  explicit Skeleton(SkeletonNames names) : names_(std::move(names)) { taken_.insert(names_.type); }

  void add(const CollectionDrift& one) {
    if (one.empty()) return;
    body_ += (body_.empty() ? "" : "\n");
    comment(one.collection);
    collection_ = literal(one.collection);
    if (!one.all_read) {
      header_ += "// Of \"" + one.collection + "\", " + std::to_string(one.read) + " of about " +
                 std::to_string(one.documents) +
                 " documents were read; the others may differ in more.\n";
    }
    if (!one.exists) {
      const auto& options = one.declared_options;
      step("m.create_collection(" + collection_ +
           (options.empty() ? "" : ", " + json_literal(options)) + ");");
    }
    decisions(one);
    fields(one);
    indexes(one);
    options(one);
    validator(one);
  }

  void add_without_model(const std::vector<std::string>& names) {
    if (names.empty()) return;
    body_ += (body_.empty() ? "" : "\n");
    comment("DECIDE: no model names these collections. Drop those that nobody needs:");
    for (const auto& name : names) comment("  m.drop_collection(" + literal(name) + ");");
    if (!any_step_) fail("decide which collections are dropped");
  }

  [[nodiscard]] std::string text(const std::string& database) const {
    std::string out = "// Migration " + names_.id +
                      ": written from the difference between the models of the program and\n"
                      "// the database " +
                      literal(database) + ". It is a proposal: read each step before it runs.\n" +
                      header_ +
                      "#include <cstdint>\n#include <optional>\n#include <quire/quire.hpp>\n"
                      "#include <stdexcept>\n\nnamespace q = quire;\n\nnamespace migration_" +
                      names_.id + " {\n\n" + structs_;
    out += "struct " + names_.type + " : q::Migration {\n  " + names_.type +
           "()\n      : Migration{{.id = " + literal(names_.id) +
           ", .title = " + literal(names_.title) + "}} {}\n\n" +
           "  void up(q::MigrationContext& m) override {\n" + body_ + "  }\n};\n\n" +
           "}  // namespace migration_" + names_.id + "\n\n" +
           "/// Adds it to the migrations of a program.\nvoid add_" + names_.id +
           "(q::Migrations& all) { all.add<migration_" + names_.id + "::" + names_.type +
           ">(); }\n";
    return out;
  }

 private:
  void line(const std::string& text) { body_ += (text.empty() ? "" : "    " + text) + "\n"; }
  void comment(const std::string& text) {
    std::string one;
    for (const char c : text) one += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    if (one.ends_with('\\')) one += '.';  // else the next line would be part of it
    line("// " + one);
  }
  void step(const std::string& text) {
    line(text);
    any_step_ = true;
  }
  void command(View command) {
    line("m.run(q::Atomicity::idempotent, [](q::Database& db, q::Session& session) {");
    step("  db.run_command(" + json_literal(command) + ", session);");
    line("});");
  }
  /// An update of many by a command: a capped collection is not written to in transactions, which
  /// steps use.
  void update(const std::string& collection, const std::string& field, bool exists,
              std::string_view op, bson::ValueView value) {
    bson::Writer update;
    update.append("update", collection).begin_array("updates").push_document_begin();
    update.begin_document("q").begin_document(field).append("$exists", exists).end().end();
    update.begin_document("u").begin_document(op).append(field, value).end().end();
    update.append("multi", true).end().end();
    command(update.finish());
  }
  void fail(const std::string& text) {
    line("m.run(q::Atomicity::idempotent, [](q::Database&, q::Session&) {");
    step("  throw std::logic_error(" + literal(text) + ");");
    line("});");
  }

  // ---- documents

  /// What somebody has to decide, and the condition under which a document needs it.
  struct Decision {
    std::string what;   ///< for people
    std::string field;  ///< of the document; empty: none can be named
    enum class When { type, there, lacking, version } when;
    std::string value = {};  ///< the type, or the version
  };

  static std::vector<Decision> decisions_of(const CollectionDrift& one) {
    using When = Decision::When;
    std::vector<Decision> out;
    const auto where = [&](std::int64_t n) { return " in " + documents(n, one.all_read); };
    for (const auto& type : one.types) {
      const auto top = top_of(type.path);
      out.push_back(
          {type.path + " is " + type.found + where(type.documents) + "; read is " + type.wanted,
           top.value_or(""), is_top(type.path) ? When::type : When::there, type.found});
    }
    for (const auto& field : one.absent) {
      if (field.empty_value && is_top(field.path)) continue;
      const auto top = top_of(field.path);
      out.push_back(
          {field.path + " is absent" + where(field.documents) + "; wanted is " + field.type,
           top.value_or(""), is_top(field.path) ? When::lacking : When::there});
    }
    for (const auto& field : one.unknown) {
      if (is_plain(field.path)) continue;
      out.push_back({field.path + " is unknown" + where(field.documents),
                     top_of(field.path).value_or(""), When::there});
    }
    for (const auto& version : one.versions) {
      out.push_back({"the version is " +
                         (version.version ? std::to_string(*version.version) : "none") +
                         where(version.documents) + "; set _v to " +
                         std::to_string(one.model_version) + " when the rest is right",
                     "_v", When::version,
                     version.version ? std::to_string(*version.version) : std::string()});
    }
    return out;
  }

  void decisions(const CollectionDrift& one) {
    const auto all = decisions_of(one);
    if (all.empty()) return;
    // A member of each field that a decision is about.
    std::map<std::string, std::string> members;
    std::set<std::string> taken;
    std::string renames;
    const std::string type = unique_name(taken_, camel(one.collection) + "Document");
    structs_ += "/// A document of " + literal(one.collection) +
                " as this migration sees it: the fields that it needs, of any type.\nstruct " +
                type + " {\n  q::bson::Value id = {};\n";
    for (const auto& decision : all) {
      if (decision.field.empty() || decision.field == "_id" || members.contains(decision.field))
        continue;
      const auto same = as_member(decision.field);
      const std::string member = unique_name(taken, same.empty() ? "field" : std::string(same));
      members[decision.field] = member;
      structs_ += "  std::optional<q::bson::Value> " + member + " = {};\n";
      if (member != decision.field) {
        renames += "\n        .rename(q::field<&" + type + "::" + member + ">, " +
                   literal(decision.field) + ")";
      }
    }
    if (!renames.empty()) {
      structs_ += "  static auto model() {\n    return q::model<" + type + ">(" + collection_ +
                  ")" + renames + ";\n  }\n";
    }
    structs_ += "};\n\n";
    comment("DECIDE what becomes of these documents:");
    for (const auto& decision : all) comment("  " + decision.what);
    const bool named = std::any_of(
        all.begin(), all.end(), [](const Decision& decision) { return !decision.field.empty(); });
    line("m.each<" + type + ">(" + collection_ + ", [](" + type + "&" +
         (named ? " document) {" : ") {"));
    // What no condition names throws for every document, and so comes last.
    std::set<std::string> conditions;
    std::string last;
    for (const auto& decision : all) {
      const std::string condition = condition_of(decision, members);
      if (!conditions.insert(condition).second) continue;
      const std::string thrown =
          "throw std::logic_error(" + literal("decide: " + decision.what) + ");";
      if (condition.empty()) {
        last = "  " + thrown;
        continue;
      }
      line("  if (" + condition + ")");
      line("    " + thrown);
    }
    if (!last.empty()) line(last);
    step("});");
  }

  static std::string condition_of(const Decision& decision,
                                  const std::map<std::string, std::string>& members) {
    using When = Decision::When;
    if (decision.field.empty()) return {};
    if (decision.field == "_id") {
      return decision.when == When::type ? "document.id.type() == " + type_literal(decision.value)
                                         : "document.id.type() != q::bson::Type::null";
    }
    const std::string member = "document." + members.at(decision.field);
    switch (decision.when) {
      case When::type:
        // null is read as an empty optional.
        if (decision.value == "null") break;
        return member + " && " + member + "->type() == " + type_literal(decision.value);
      case When::there:
        return member;
      case When::lacking:
        break;
      case When::version:
        if (decision.value.empty()) break;
        return member + " && q::bson::to_json(*" + member + ") == " + literal(decision.value);
    }
    return "!" + member;
  }

  void fields(const CollectionDrift& one) {
    std::vector<const FieldDrift*> added, removed;
    for (const auto& field : one.absent) {
      if (field.empty_value && is_top(field.path)) added.push_back(&field);
    }
    for (const auto& field : one.unknown) {
      if (is_plain(field.path)) removed.push_back(&field);
    }
    if (added.size() == 1 && removed.size() == 1 && is_top(removed[0]->path) &&
        added[0]->documents == removed[0]->documents) {
      comment("If " + added[0]->path + " is a new name of " + removed[0]->path +
              ", put this in place of the next two steps:");
      comment("  m.rename_field(" + collection_ + ", " + literal(removed[0]->path) + ", " +
              literal(added[0]->path) + ");");
    }
    for (const auto* field : added) {
      comment("Absent in " + documents(field->documents, one.all_read) +
              ". The value is the empty one of its type: is it right?");
      if (one.capped)
        update(one.collection, field->path, false, "$set", field->empty_value->view());
      else
        step("m.add_field(" + collection_ + ", " + literal(field->path) + ", " +
             value_literal(field->empty_value->view()) + ");");
    }
    for (const auto* field : removed) {
      comment("Loses data: the values of " + field->path + " in " +
              documents(field->documents, one.all_read) + ".");
      if (one.capped)
        update(one.collection, field->path, true, "$unset", bson::Value("").view());
      else
        step("m.unset_field(" + collection_ + ", " + literal(field->path) + ");");
    }
  }

  // ---- indexes, options, validator

  void drop(const CollectionDrift& one, View present) {
    if (one.capped) {
      return command(
          bson::make_document("dropIndexes", one.collection, "index", present["name"].as_string()));
    }
    std::string arguments = index_arguments(present);
    // Its name is all there is of an index that the step's options cannot describe.
    if (arguments.empty()) arguments = literal(present["name"].as_string());
    step("m.drop_index(" + collection_ + ", " + arguments + ");");
  }
  void create(const CollectionDrift& one, View wanted) {
    const std::string arguments = index_arguments(wanted);
    if (!arguments.empty() && !one.capped)
      return step("m.create_index(" + collection_ + ", " + arguments + ");");
    bson::Writer indexes;
    indexes.append("createIndexes", one.collection).begin_array("indexes").push(wanted).end();
    command(indexes.finish());
  }
  void indexes(const CollectionDrift& one) {
    for (const auto& index : one.indexes) {
      if (index.kind != IndexDrift::Kind::undeclared) continue;
      comment("No model declares index " + index.name + "; a query may still use it.");
      drop(one, index.present);
    }
    for (const auto& index : one.indexes) {
      if (index.kind != IndexDrift::Kind::differs) continue;
      comment("Index " + index.name + ": " + index.reason + " differs.");
      drop(one, index.present);
      create(one, index.wanted);
    }
    for (const auto& index : one.indexes) {
      if (index.kind == IndexDrift::Kind::missing) create(one, index.wanted);
    }
  }

  void options(const CollectionDrift& one) {
    for (const auto& option : one.options) {
      bson::Writer change;
      change.append("collMod", one.collection);
      const auto value = [&](std::string_view name, const bson::Value& otherwise) {
        change.append(name, option.wanted ? *option.wanted : otherwise);
        command(change.finish());
      };
      const bool capped = (option.name == "size" || option.name == "max") &&
                          std::none_of(one.options.begin(), one.options.end(),
                                       [](const auto& other) { return other.name == "capped"; });
      if (option.name == "changeStreamPreAndPostImages") {
        value(option.name, bson::make_document("enabled", false));
      } else if (option.name == "expireAfterSeconds") {
        value(option.name, "off");
      } else if (capped && (option.name == "max" || option.wanted)) {
        comment("Loses data where the collection has more than that.");
        value(option.name == "size" ? "cappedSize" : "cappedMax", std::int32_t{0});
      } else {
        const std::string what =
            option.name +
            " is an option that a collection keeps for life; make a new collection "
            "with it, copy the documents, and change names";
        comment("DECIDE: " + what);
        fail("decide: " + one.collection + ": " + what);
      }
    }
  }

  void validator(const CollectionDrift& one) {
    if (!one.validator) return;
    if (one.validator->foreign) {
      comment("The validator that is there was not made from a model: " +
              bson::to_json(one.validator->present));
    }
    command(bson::Writer()
                .append("collMod", one.collection)
                .append_all(one.validator->wanted)
                .finish());
  }

  SkeletonNames names_;
  std::set<std::string> taken_;
  std::string header_, structs_, body_, collection_;
  bool any_step_ = false;
};

}  // namespace

std::string migration_skeleton(std::string_view name, const ModelDrift& drift,
                               const SkeletonOptions& options) {
  auto names = names_of(name, options);
  if (drift.empty()) {
    throw MigrationError(ErrorCode::invalid_migration,
                         "there is no difference between the models and the database \"" +
                             drift.database + "\" that a migration could remove");
  }
  Skeleton skeleton(std::move(names));
  for (const auto& one : drift.collections) skeleton.add(one);
  skeleton.add_without_model(drift.without_model);
  return skeleton.text(drift.database);
}

}  // namespace quire::migrate
