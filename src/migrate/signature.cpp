#include "migrate/signature.hpp"

#include <algorithm>
#include <array>

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/hooked_store.hpp"

namespace quire::migrate {
namespace {

constexpr std::int64_t first_wire_version = 9;  // that takes a comment with any command: 4.4

/// Commands of run_command() that write, or run for long.
constexpr std::array<std::string_view, 13> signed_commands{
    "aggregate",     "collMod", "compact", "convertToCapped",  "create", "createIndexes", "delete",
    "findAndModify", "insert",  "reIndex", "renameCollection", "update", "dropIndexes"};

bool is_signed(bson::View command) {
  for (const auto& first : command)
    return std::ranges::find(signed_commands, first.key) != signed_commands.end();
  return false;
}

class SignedStore final : public store::HookedStore {
 public:
  SignedStore(std::shared_ptr<store::Store> inner, std::shared_ptr<const Signature> signature)
      : store::HookedStore(std::move(inner), [](const store::StoreCall&) {}),
        signature_(std::move(signature)) {}

  using Store::start_session;
  std::unique_ptr<store::Session> start_session(const store::SessionOptions& options) override {
    return inner().start_session(options);
  }
  store::InsertResult insert(store::Namespace ns, std::span<const bson::View> documents,
                             const store::InsertOptions& options) override {
    return inner().insert(ns, documents, Signed(*this, options));
  }
  std::unique_ptr<store::Cursor> find(store::Namespace ns, bson::View filter,
                                      const store::FindOptions& options) override {
    return inner().find(ns, filter, Signed(*this, options));
  }
  bool find_one(store::Namespace ns, bson::View filter, const store::FindOptions& options,
                FunctionRef<void(bson::View)> sink) override {
    return inner().find_one(ns, filter, Signed(*this, options), sink);
  }
  store::UpdateResult update(store::Namespace ns, bson::View filter, store::UpdateSpec update,
                             const store::UpdateOptions& options) override {
    return inner().update(ns, filter, update, Signed(*this, options));
  }
  std::int64_t remove(store::Namespace ns, bson::View filter,
                      const store::RemoveOptions& options) override {
    return inner().remove(ns, filter, Signed(*this, options));
  }
  store::FindAndModifyResult find_and_modify(store::Namespace ns, bson::View filter,
                                             store::UpdateSpec update,
                                             const store::FindAndModifyOptions& options) override {
    return inner().find_and_modify(ns, filter, update, Signed(*this, options));
  }
  store::BulkResult bulk_write(store::Namespace ns,
                               std::span<const store::BulkOperation> operations,
                               const store::BulkOptions& options) override {
    return inner().bulk_write(ns, operations, Signed(*this, options));
  }
  std::unique_ptr<store::Cursor> aggregate(store::Namespace ns, bson::View pipeline,
                                           const store::AggregateOptions& options) override {
    return inner().aggregate(ns, pipeline, Signed(*this, options));
  }
  std::int64_t count(store::Namespace ns, bson::View filter,
                     const store::CountOptions& options) override {
    return inner().count(ns, filter, Signed(*this, options));
  }
  bson::Document distinct(store::Namespace ns, std::string_view field, bson::View filter,
                          const store::DistinctOptions& options) override {
    return inner().distinct(ns, field, filter, Signed(*this, options));
  }
  void create_indexes(store::Namespace ns, std::span<const bson::View> specs,
                      const store::OperationOptions& options) override {
    inner().create_indexes(ns, specs, Signed(*this, options));
  }
  void drop_index(store::Namespace ns, std::string_view name,
                  const store::OperationOptions& options) override {
    inner().drop_index(ns, name, Signed(*this, options));
  }
  void create_collection(store::Namespace ns, bson::View collection_options,
                         const store::OperationOptions& options) override {
    inner().create_collection(ns, collection_options, Signed(*this, options));
  }
  bool drop_collection(store::Namespace ns, const store::OperationOptions& options) override {
    return inner().drop_collection(ns, Signed(*this, options));
  }
  bson::Document run_command(std::string_view database, bson::View command,
                             store::Session* session) override {
    const std::string text = signature_->text();
    if (text.empty() || command.contains("comment") || !is_signed(command))
      return inner().run_command(database, command, session);
    bson::Writer whole;
    whole.append_all(command).append("comment", text);
    return inner().run_command(database, whole.finish(), session);
  }

 private:
  /// Options with the signature, for one call.
  template <class Options>
  class Signed {
   public:
    Signed(const SignedStore& store, const Options& options) : options_(options) {
      if (options_.comment) return;
      text_ = bson::Value(store.signature_->text());
      if (!text_.view().as_string().empty()) options_.comment = text_.view();
    }
    operator const Options&() const noexcept { return options_; }  // NOLINT: stands for it

   private:
    Options options_;
    bson::Value text_;
  };

  std::shared_ptr<const Signature> signature_;
};

}  // namespace

void Signature::set(std::string_view who, std::string_view what) {
  const std::lock_guard guard(mutex_);
  text_ = who.empty() ? std::string() : "quire:" + std::string(who) + ":" + std::string(what);
}

std::string Signature::text() const {
  const std::lock_guard guard(mutex_);
  return text_;
}

bool takes_comments(store::Store& store) {
  if (store.kind() != "mongodb") return false;
  try {
    const bson::Document hello =
        store.run_command("admin", bson::make_document("hello", std::int32_t{1}), nullptr);
    return get_int(hello, "maxWireVersion") >= first_wire_version;
  } catch (const StoreError&) {  // an old one, or the next operation tells
    return false;
  }
}

Database sign(const Database& db, std::shared_ptr<const Signature> signature) {
  if (db.store().kind() != "mongodb") return db;
  OpenOptions options;
  options.concerns = db.concerns();
  Database out(std::make_shared<SignedStore>(db.shared_store(), std::move(signature)), db.name(),
               options);
  out.set_hooks(db.hooks());
  return out;
}

}  // namespace quire::migrate
