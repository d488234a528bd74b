#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/migrate/data_types.hpp"
#include "quire/migrate/step.hpp"
#include "quire/migrate/steps.hpp"
#include "quire/migrate/transform.hpp"
#include "quire/migrate/types.hpp"

namespace quire::migrate {

/// Why findings of lint() about a migration are no danger; see assured().
struct Assurance {
  std::string why = {};  ///< empty: nothing is assured
  std::vector<std::string> codes = {};
};
/// Silences findings of lint(): those with one of the codes, or all. The reason is kept in history.
///   {.id = "…", .assured = assured("the last reader was release 41", {"Q101"}), …}
/// Throws MigrationError invalid_migration for an empty reason and a code that lint() has not.
[[nodiscard]] Assurance assured(std::string why, std::vector<std::string> codes = {});

/// What a migration says of itself.
struct MigrationInfo {
  std::string id = {};  ///< 1 to 128 bytes of UTF-8; never changed once it ran somewhere
  std::string title = {};
  std::vector<std::string> depends_on = {};  ///< ids that must be applied first
  std::vector<std::string> touches = {};     ///< "users" or "users.email"; empty: as its steps say
  std::vector<std::string> tags = {};
  MigrationKind kind = MigrationKind::data;
  /// Asks for a class other than the steps' own: transactional puts each() and transform() into
  /// one transaction; resumable takes declared steps one by one.
  std::optional<Atomicity> atomicity = {};
  int revision = 0;  ///< raise it when the code behind each, transform or run changes meaning
  int min_app = 0;   ///< programs with a lower Migrations::app_level refuse to start afterwards
  /// A squash: ids of earlier migrations that it stands for. Where they are all applied they are
  /// superseded and it counts as applied; where none is, it runs in their place; else those that
  /// the program still has run first.
  std::vector<std::string> replaces = {};
  /// Runs again, after all others, whenever its checksum is another than when it last ran.
  bool repeatable = false;
  Assurance assured = {};
  /// The old values of what each, transform, embed and steps on fields change are kept in
  /// _quire_undo_<id>, and rollback() without a way back of the migration's own restores them, see
  /// quire/migrate/preimages.hpp. Other steps go back by their inverses. Not for steps without any,
  /// run(), repeatable and irreversible migrations, and ids that no collection's name can have.
  bool keep_preimages = false;
  std::vector<Check> pre = {};
  std::vector<Check> post = {};
  /// Asked once it is applied: counts = by queries for what its steps left undone; sample = and
  /// 1,000 documents of each collection of each, transform, embed and extract, which have to be in
  /// the new shape and fit the struct; digest and full = all of them. What copies made is compared
  /// as by verify(). Code is not looked at: that is for `post`. Until it is verified no later
  /// migration begins, and each run asks again.
  VerifyLevel verify = VerifyLevel::none;
};

/// What up() and down() work with. Every call is a numbered step with its own cursor.
/// up() is also called to learn its steps, without running them: whatever has an effect belongs
/// into a step, and the order of the calls must not depend on what they do.
class MigrationContext {
 public:
  class Sink {
   public:
    virtual void take(const Step& step) = 0;

   protected:
    ~Sink() = default;
  };
  explicit MigrationContext(Sink& sink) : sink_(&sink) {}

  /// A declared step, or one made by each() or transform().
  MigrationContext& step(const Step& step) {
    sink_->take(step);
    return *this;
  }
  template <class T, class F>
  MigrationContext& each(std::string_view collection, F fn, RowOptions options = {}) {
    return step(migrate::each<T>(collection, std::move(fn), std::move(options)));
  }
  template <class A, class B, class F>
  MigrationContext& transform(std::string_view collection, F fn, RowOptions options = {}) {
    return step(migrate::transform<A, B>(collection, std::move(fn), std::move(options)));
  }
  /// Any other code, with a database and a session to pass to its operations. The class says what a
  /// crash in the middle means: transactional code runs in one transaction with its own record of
  /// being done; idempotent code is run again; manual code leaves the migration for a person.
  MigrationContext& run(Atomicity atomicity, Code code);

  MigrationContext& add_field(std::string_view collection, std::string_view field,
                              const bson::Value& value) {
    return step(migrate::add_field(collection, field, value));
  }
  MigrationContext& rename_field(std::string_view collection, std::string_view from,
                                 std::string_view to) {
    return step(migrate::rename_field(collection, from, to));
  }
  MigrationContext& unset_field(std::string_view collection, std::string_view field) {
    return step(migrate::unset_field(collection, field));
  }
  MigrationContext& split_field(std::string_view collection, std::string_view from,
                                std::vector<std::string> to, std::string_view separator = " ") {
    return step(migrate::split_field(collection, from, std::move(to), separator));
  }
  MigrationContext& merge_fields(std::string_view collection, std::vector<std::string> from,
                                 std::string_view to, std::string_view separator = " ") {
    return step(migrate::merge_fields(collection, std::move(from), to, separator));
  }
  MigrationContext& convert_field(std::string_view collection, std::string_view field,
                                  bson::Type to, const ConvertOptions& options = {}) {
    return step(migrate::convert_field(collection, field, to, options));
  }
  MigrationContext& create_index(std::string_view collection, bson::View keys,
                                 const IndexOptions& options = {}) {
    return step(migrate::create_index(collection, keys, options));
  }
  MigrationContext& drop_index(std::string_view collection, bson::View keys,
                               const IndexOptions& options = {}) {
    return step(migrate::drop_index(collection, keys, options));
  }
  MigrationContext& create_collection(std::string_view collection, bson::View options = {}) {
    return step(migrate::create_collection(collection, options));
  }
  MigrationContext& drop_collection(std::string_view collection) {
    return step(migrate::drop_collection(collection));
  }
  MigrationContext& set_validator(std::string_view collection, bson::View validator,
                                  const ValidatorOptions& options = {}) {
    return step(migrate::set_validator(collection, validator, options));
  }
  MigrationContext& embed(std::string_view collection, std::string_view reference_field,
                          std::string_view other_collection, std::string_view as) {
    return step(migrate::embed(collection, reference_field, other_collection, as));
  }
  MigrationContext& extract(std::string_view collection, std::string_view field,
                            std::string_view other_collection, std::string_view reference_field) {
    return step(migrate::extract(collection, field, other_collection, reference_field));
  }
  MigrationContext& copy_documents(std::string_view from, std::string_view to,
                                   bson::View filter = {}) {
    return step(migrate::copy_documents(from, to, filter));
  }
  MigrationContext& move_documents(std::string_view from, std::string_view to,
                                   bson::View filter = {}) {
    return step(migrate::move_documents(from, to, filter));
  }

 private:
  Sink* sink_;
};

/// As MigrationContext::run, as a value for .up and .down.
[[nodiscard]] Step run(Atomicity atomicity, Code code);

/// A migration as a class. Derive, name it in the constructor, write up().
class Migration {
 public:
  explicit Migration(MigrationInfo info) : info_(std::move(info)) {}
  virtual ~Migration() = default;
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;

  [[nodiscard]] const MigrationInfo& info() const noexcept { return info_; }

  virtual void up(MigrationContext& m) = 0;
  /// The way back, in code. Not overridden: the steps' own inverses, where all have one.
  virtual void down(MigrationContext& m);
  /// The way back as steps, or irreversible("why"). Not overridden: down().
  virtual Undo undo() { return {}; }

 private:
  MigrationInfo info_;
};

/// A migration as a value; each member as in MigrationInfo.
struct DeclaredMigration {
  std::string id = {};
  std::string title = {};
  std::vector<std::string> depends_on = {};
  std::vector<std::string> touches = {};
  std::vector<std::string> tags = {};
  MigrationKind kind = MigrationKind::data;
  std::optional<Atomicity> atomicity = {};
  int revision = 0;
  int min_app = 0;
  std::vector<std::string> replaces = {};
  bool repeatable = false;
  Assurance assured = {};
  bool keep_preimages = false;
  std::vector<Check> pre = {};
  std::vector<Check> post = {};
  VerifyLevel verify = VerifyLevel::none;
  Steps up = {};
  Undo down = {};
};

/// The migrations of a program. Copies share the migrations. Build it in one thread.
struct Migrations {
  /// Compared with the min_app of what a database has already seen.
  int app_level = 0;
  std::vector<std::shared_ptr<Migration>> items = {};

  template <class M, class... Args>
  Migrations& add(Args&&... args) {
    return add_one(std::make_shared<M>(std::forward<Args>(args)...));
  }
  /// all.add({.id = "…", .up = add_field("users", "status", "active")}). Throws MigrationError
  /// invalid_migration without .up.
  Migrations& add(DeclaredMigration migration);
  /// Throws MigrationError invalid_migration for an empty, too long, badly encoded or duplicate id.
  Migrations& add_one(std::shared_ptr<Migration> migration);

  /// Throws MigrationError invalid_migration for a dependency that is not there, dependency_cycle
  /// with the ids in the circle. MigrationRunner calls it.
  void validate() const;
  /// Positions in `items`, dependencies first; else in the order of add.
  [[nodiscard]] std::vector<std::size_t> order() const;
};

}  // namespace quire::migrate
