#include "cli/copy_verify.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "migrate/digest.hpp"
#include "migrate/pages.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli {
namespace {

constexpr std::int64_t report_each = 2000;  // documents between two calls of the callback

/// A document with its fields in the order of their names.
bson::Document sorted(bson::View document) {
  std::vector<bson::Element> fields;
  for (const auto& field : document) fields.push_back(field);
  std::sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.key.data() < b.key.data();
  });
  bson::Writer out;
  for (const auto& field : fields) out.append_raw(field);
  return out.finish();
}

CopySide side(const migrate::Digest& digest) { return {digest.documents(), digest.hex()}; }

std::string key_of(bson::ValueView id) {
  std::string out(1, static_cast<char>(id.type()));
  out.append(reinterpret_cast<const char*>(id.data()), id.size());
  return out;
}

class Verifier {
 public:
  Verifier(const VerifyJob& job, CopiedCollection& collection)
      : job_(job), collection_(collection) {}

  bool whole() {
    migrate::Digest source, target;
    if (!read(job_.from, source) || !read(job_.to, target)) return false;
    collection_.source = side(source);
    collection_.target = side(target);
    collection_.matches = source == target;
    if (collection_.matches || job_.time_series) return true;
    return pages(job_.from, job_.to,
                 [&](bson::View mine, const bson::Document* other) {
                   if (other == nullptr) {
                     note(CopyDifference::Kind::missing, mine);
                   } else if (!(other->view() == mine)) {
                     note(CopyDifference::Kind::changed, mine);
                   }
                   return room();
                 }) &&
           (!room() || pages(job_.to, job_.from, [&](bson::View mine, const bson::Document* other) {
             if (other == nullptr) note(CopyDifference::Kind::extra, mine);
             return room();
           }));
  }

  /// Each document of the source against the one that the target has under its _id.
  bool merged() {
    migrate::Digest source, target;
    const bool keep = job_.options.existing == Existing::skip;
    const bool through =
        pages(job_.from, job_.to, [&](bson::View mine, const bson::Document* other) {
          source.add(mine);
          if (other != nullptr) target.add(*other);
          if (other == nullptr) {
            collection_.matches = false;
            note(CopyDifference::Kind::missing, mine);
          } else if (!keep && !(other->view() == mine)) {
            collection_.matches = false;
            note(CopyDifference::Kind::changed, mine);
          }
          return true;
        });
    collection_.source = side(source);
    collection_.target = side(target);
    return through;
  }

 private:
  bool stopped() const { return job_.options.stop.stop_requested(); }
  bool room() const { return collection_.differences.size() < job_.options.most_differences; }
  void note(CopyDifference::Kind kind, bson::View document) {
    if (room()) collection_.differences.push_back({kind, bson::Value(document["_id"])});
  }
  void count(bson::View document) {
    ++documents_;
    bytes_ += static_cast<std::int64_t>(document.size());
    if (documents_ % report_each == 0) job_.progress(documents_, bytes_);
  }

  bool read(const Database& db, migrate::Digest& digest) {
    const auto cursor = db.store().find(db.ns(collection_.name), {}, {});
    while (const auto document = cursor->next()) {
      if (job_.time_series) {
        digest.add(sorted(*document));
      } else {
        digest.add(*document);
      }
      count(*document);
      if (documents_ % report_each == 0 && stopped()) return false;
    }
    return !stopped();
  }

  /// Calls `compare` with each document of `mine` and its counterpart of `others`, until it says
  /// false. False when stopped.
  template <class Compare>
  bool pages(const Database& mine, const Database& others, const Compare& compare) {
    migrate::WalkOptions walk;
    walk.batch_documents = job_.options.batch_documents;
    walk.batch_bytes = job_.options.batch_bytes;
    walk.one_reply = true;
    migrate::Pages pages(mine, collection_.name, walk);
    while (true) {
      if (stopped()) return false;
      const auto batch = pages.next();
      if (!batch.documents.empty()) {
        const auto found = counterparts(others, batch.documents);
        for (const auto& document : batch.documents) {
          count(document);
          const auto other = found.find(key_of(document["_id"]));
          if (!compare(document.view(), other == found.end() ? nullptr : &other->second))
            return true;
        }
      }
      if (batch.end) return true;
    }
  }

  std::map<std::string, bson::Document> counterparts(const Database& db,
                                                     const std::vector<bson::Document>& of) {
    bson::Writer filter;
    filter.begin_document("_id").begin_array("$in");
    for (const auto& document : of) filter.push(document["_id"]);
    filter.end().end();
    const bson::Document wanted = filter.finish();
    std::map<std::string, bson::Document> out;
    const auto cursor = db.store().find(db.ns(collection_.name), wanted, {});
    while (const auto document = cursor->next()) out.emplace(key_of((*document)["_id"]), *document);
    return out;
  }

  const VerifyJob& job_;
  CopiedCollection& collection_;
  std::int64_t documents_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

bool verify_collection(const VerifyJob& job, CopiedCollection& collection) {
  collection.matches = true;
  collection.differences.clear();
  Verifier verifier(job, collection);
  return job.merged ? verifier.merged() : verifier.whole();
}

}  // namespace quire::cli
