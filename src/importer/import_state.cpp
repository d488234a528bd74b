#include "importer/import_state.hpp"

#include <algorithm>
#include <map>

#include "importer/snapshot_print.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::safe;
using migrate::data::JobBook;

namespace {

std::string name_of(const TableMapping& table) {
  return table.name.empty() ? table.into : table.name;
}

void add_tables(const std::vector<ChildRule>& children, std::vector<std::string>& out) {
  for (const ChildRule& child : children) {
    out.push_back(child.table);
    if (!child.link.empty()) out.push_back(child.link);
    add_tables(child.children, out);
  }
}

[[noreturn]] void refuse(std::string_view where, const std::string& why) {
  throw ImportError(ErrorCode::invalid_mapping, FieldPath(std::string(where)), why);
}

void check(const ImportOptions& options) {
  const auto bad = [](const char* field, const char* why) {
    throw ImportError(ErrorCode::invalid_argument, FieldPath(field), why);
  };
  if (options.name.empty() || options.name.size() > 100)
    bad("name", "an import's name has 1 to 100 bytes");
  if (options.workers < 1 || options.workers > 64) bad("workers", "1 to 64 threads");
  if (options.batch_documents < 0 || options.batch_documents > 1000)
    bad("batch_documents", "a batch has 1 to 1000 documents, 0 for a good number");
  if (options.batch_time.count() < 1 || options.batch_time > std::chrono::seconds(20))
    bad("batch_time", "a batch takes 1 ms to 20 s");
  if (options.lease.count() < 50) bad("lease", "a lease takes at least 50 ms");
  if (options.limit < 0) bad("limit", "a number of rows, 0 for all");
  if (options.partition_rows < 0) bad("partition_rows", "a number of rows, 0 for a good one");
}

/// A file waits for the disk once a batch, a server answers each of them.
std::int64_t batch_for(const Database& to) {
  constexpr std::int64_t of_file = 2000, of_server = 1000;
  return to.capabilities().atomic_multi_writes ? of_file : of_server;
}

}  // namespace

std::string import_id(std::string_view name) { return "import:" + std::string(name); }

std::vector<std::size_t> order_of(const Mapping& mapping, const Schema& schema) {
  const std::size_t n = mapping.tables.size();
  std::map<std::string, std::size_t> by_name;
  std::vector<std::string> tables;
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = name_of(mapping.tables[i]);
    if (!by_name.emplace(name, i).second)
      refuse(name, "two parts of the mapping have this name; give one of them another `name`");
    tables.push_back(mapping.tables[i].table);
  }
  const TableOrder order = dependency_order(schema, tables);
  const auto place = [&](std::size_t part) {
    return std::find(order.tables.begin(), order.tables.end(), mapping.tables[part].table) -
           order.tables.begin();
  };
  std::vector<std::size_t> left(n), sorted;
  for (std::size_t i = 0; i < n; ++i) left[i] = i;
  std::sort(left.begin(), left.end(), [&](std::size_t a, std::size_t b) {
    return place(a) != place(b) ? place(a) < place(b) : a < b;
  });
  // Of those whose `after` are through, the first by foreign keys.
  while (!left.empty()) {
    const auto ready = std::find_if(left.begin(), left.end(), [&](std::size_t part) {
      const auto& after = mapping.tables[part].after;
      return std::all_of(after.begin(), after.end(), [&](const std::string& name) {
        const auto found = by_name.find(name);
        if (found == by_name.end())
          refuse(name_of(mapping.tables[part]), "`after` names \"" + name + "\", which is no part");
        return std::find(sorted.begin(), sorted.end(), found->second) != sorted.end();
      });
    });
    if (ready == left.end()) {
      std::string names;
      for (const std::size_t part : left)
        names += (names.empty() ? "" : ", ") + name_of(mapping.tables[part]);
      refuse("after", "these parts wait for each other: " + names);
    }
    sorted.push_back(*ready);
    left.erase(ready);
  }
  return sorted;
}

Importer::Impl::Impl(Source& from, Database target, Mapping what, ImportOptions how)
    : source(from), to(std::move(target)), mapping(std::move(what)), options(std::move(how)) {
  check(options);
  if (mapping.tables.empty()) refuse("tables", "the mapping names no table");
  const auto wrong = importer::validate(mapping, source.schema());
  if (!wrong.empty()) {
    std::string text = wrong.front();
    for (std::size_t i = 1; i < wrong.size() && i < 10; ++i) text += "\n  " + wrong[i];
    if (wrong.size() > 10) text += "\n  and " + std::to_string(wrong.size() - 10) + " more";
    throw ImportError(ErrorCode::invalid_mapping, text);
  }
  for (const std::size_t i : order_of(mapping, source.schema())) {
    const TableMapping& table = mapping.tables[i];
    Part& part = parts.emplace_back();
    part.name = name_of(table);
    part.mapping = table;
    if (options.existing) part.mapping.existing = *options.existing;
    part.tables.push_back(table.table);
    add_tables(table.children, part.tables);
    if (part.mapping.into.starts_with("_quire_"))
      refuse(part.name, part.mapping.into + " is bookkeeping of migrations and imports");
    part.rules.existing = part.mapping.existing;
    if (!table.order.empty() && !table.unpivot && !table.pivot)
      part.rules.own_key = table.key.empty() ? source.schema().at(table.table).key : table.key;
    part.rules.edited = options.edited;
    auto& data = part.data;
    data.name = options.name + "/" + part.name;
    if (data.name.size() > 200) refuse(part.name, "the part's name is too long");
    data.collection = table.table;
    data.into = table.into;
    data.mapping = "import";
    data.workers = options.workers;
    data.lease = options.lease;
    data.policy = options.rejects;
    data.limits = options.reject_limits;
    data.throttle = options.throttle;
    data.batch_documents = options.batch_documents > 0 ? options.batch_documents : batch_for(to);
    data.batch_time = options.batch_time;
    data.partition_documents = options.partition_rows;
    data.verify.level = options.verify;
    data.inline_verify = options.inline_verify;
    data.accept = options.accept_changes;
    data.stop = options.stop;
    if (options.progress) {
      data.progress = [this, name = part.name](const migrate::DataProgress& progress) {
        options.progress(name, progress);
      };
    }
    part.monitor = std::make_unique<migrate::detail::DataMonitor>();
  }
}

void Importer::Impl::begin(bool write) {
  const bson::Document key = bson::make_document("_id", import_id(options.name));
  auto found = migrate::find_document(to, migrate::jobs_collection, key);
  if (!found && write) {
    bson::Writer update;
    update.begin_document("$setOnInsert")
        .append("kind", "import")
        .append("name", options.name)
        .append("source", source.location())
        .append("began", std::chrono::time_point_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now()))
        .end();
    const bson::Document body = update.finish();
    auto upsert = safe<store::UpdateOptions>();
    upsert.upsert = true;
    migrate::data::ensure_collection(to, migrate::jobs_collection);
    migrate::data::ensure_collection(to, replaced_collection);
    (void)to.store().update(to.ns(migrate::jobs_collection), key, {body.view()}, upsert);
    found = migrate::find_document(to, migrate::jobs_collection, key);
  }
  const auto time = found ? migrate::get_time(*found, "began") : std::nullopt;
  began = time.value_or(
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

void Importer::Impl::compile(Part& part) {
  part.table = std::make_unique<CompiledTable>(mapping, part.mapping, source.schema(), began);
  part.rules.on_insert = part.table->on_insert();
  if (part.rules.existing == ExistingDocument::skip) {
    part.data.existing = migrate::Existing::skip;
  } else {
    part.data.of_target = of_job(part.data.name);
  }
  if (part.rules.existing == ExistingDocument::update) {
    part.data.alike = [on_insert = part.rules.on_insert](bson::View expected, bson::View found) {
      return updated(found, expected, on_insert) == bson::Document(found);
    };
  }
}

migrate::data::WriterMaker Importer::Impl::writers(const migrate::detail::DataOptions& data,
                                                   const WriteRules& rules) {
  return [&data, &rules](const Database& signed_to, JobBook& book, migrate::data::Chunks& chunks) {
    return std::make_unique<ImportWriter>(signed_to, book, chunks, data, rules);
  };
}

MappedSource Importer::Impl::rows_of(Part& part) {
  return {source, *part.table, options.limit, check_of(part)};
}

std::function<void(bson::View)> Importer::Impl::check_of(const Part& part) const {
  return options.skip_checks ? std::function<void(bson::View)>() : part.mapping.check;
}

std::vector<std::string> Importer::Impl::fingerprints(const Part& part) {
  std::vector<std::string> all;
  const auto session = source.open();
  for (const std::string& table : part.tables)
    all.push_back(session->fingerprint(source.schema().at(table)));
  return all;
}

std::vector<std::string> Importer::Impl::fingerprints_of_snapshot(const Part& part) {
  const auto session = source.open();
  auto* const seen = dynamic_cast<SeesSnapshot*>(session.get());
  if (seen == nullptr) return fingerprints(part);
  std::vector<std::string> all;
  for (const std::string& table : part.tables)
    all.push_back(seen->fingerprint_of_snapshot(source.schema().at(table)));
  return all;
}

ImportReport Importer::Impl::each_part(
    std::string_view operation, std::string_view only,
    const std::function<void(Part&, ImportPart&, ImportReport&)>& work) {
  ImportReport report;
  report.operation = operation;
  report.name = options.name;
  report.source = source.location();
  const auto start = migrate::boot_time();
  bool found = only.empty();
  try {
    for (Part& part : parts) {
      if (!only.empty() && part.name != only) continue;
      found = true;
      if (options.stop.stop_requested()) {
        report.result = migrate::DataResult::stopped;
        break;
      }
      ImportPart& out = report.parts.emplace_back();
      out.name = part.name;
      out.table = part.mapping.table;
      out.into = part.mapping.into;
      out.data.job = part.data.name;
      work(part, out, report);
      const auto result = out.data.result;
      for (const auto& next : out.data.next) report.next.push_back(part.name + ": " + next);
      for (const auto& warning : out.data.warnings)
        report.warnings.push_back(part.name + ": " + warning);
      if (result == migrate::DataResult::nothing) continue;
      if (report.result != migrate::DataResult::mismatch) report.result = result;
      if (result == migrate::DataResult::mismatch && operation == "verify") continue;
      if (result != migrate::DataResult::complete) {
        report.result = result;
        report.error = out.data.error;
        break;
      }
    }
    if (!found) {
      std::string names;
      for (const Part& part : parts) names += (names.empty() ? "" : ", ") + part.name;
      throw ImportError(ErrorCode::table_not_found, FieldPath(std::string(only)),
                        "the mapping has no part of this name; it has: " + names);
    }
  } catch (const Error& error) {
    report.error = error;
    report.result = migrate::DataResult::failed;
    for (const ImportPart& part : report.parts) {
      if (part.data.counts.written > 0) report.result = migrate::DataResult::partial;
    }
  }
  report.seconds = static_cast<double>((migrate::boot_time() - start).count()) / 1000;
  return report;
}

}  // namespace quire::importer
