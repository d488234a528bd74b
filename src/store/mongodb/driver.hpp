#pragma once

#include <mongoc/mongoc.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/store/mongodb/interop.hpp"
#include "quire/store/store.hpp"

/// libmongoc's types with owners, and its BSON beside quire's without copies.
namespace quire::store::mongodb {

template <auto destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const noexcept {
    destroy(object);
  }
};
using UriPtr = std::unique_ptr<mongoc_uri_t, Destroyer<mongoc_uri_destroy>>;
using CollectionPtr = std::unique_ptr<mongoc_collection_t, Destroyer<mongoc_collection_destroy>>;
using DatabasePtr = std::unique_ptr<mongoc_database_t, Destroyer<mongoc_database_destroy>>;
using CursorPtr = std::unique_ptr<mongoc_cursor_t, Destroyer<mongoc_cursor_destroy>>;
using ReadPrefsPtr = std::unique_ptr<mongoc_read_prefs_t, Destroyer<mongoc_read_prefs_destroy>>;
using BulkPtr = std::unique_ptr<mongoc_bulk_operation_t, Destroyer<mongoc_bulk_operation_destroy>>;
using StreamPtr = std::unique_ptr<mongoc_change_stream_t, Destroyer<mongoc_change_stream_destroy>>;
using ClientPtr = std::unique_ptr<mongoc_client_t, Destroyer<mongoc_client_destroy>>;

inline bson::View view_of(const bson_t& document) {
  return {bson_get_data(&document), document.len};
}

/// A document that libmongoc fills: a reply. Starts out as an empty one.
class Reply {
 public:
  Reply() noexcept { bson_init(&bson_); }
  ~Reply() { bson_destroy(&bson_); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  /// For functions that initialise it whatever their outcome.
  [[nodiscard]] bson_t* fill() noexcept {
    bson_destroy(&bson_);
    bson_init(&bson_);
    return &bson_;
  }
  [[nodiscard]] const bson_t* get() const noexcept { return &bson_; }
  [[nodiscard]] bson::View view() const { return view_of(bson_); }

 private:
  bson_t bson_;
};

/// Options or a command, field by field. On the stack while it is short.
class Fields {
 public:
  Fields() noexcept { bson_init(&bson_); }
  ~Fields() { bson_destroy(&bson_); }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  Fields& add(std::string_view key, bool value) {
    bson_append_bool(&bson_, key.data(), size(key), value);
    return *this;
  }
  Fields& add(std::string_view key, std::int32_t value) {
    bson_append_int32(&bson_, key.data(), size(key), value);
    return *this;
  }
  Fields& add(std::string_view key, std::int64_t value) {
    bson_append_int64(&bson_, key.data(), size(key), value);
    return *this;
  }
  Fields& add(std::string_view key, std::string_view value) {
    bson_append_utf8(&bson_, key.data(), size(key), value.data(), size(value));
    return *this;
  }
  Fields& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  Fields& add(std::string_view key, bson::View value) {
    const Borrowed document(value);
    bson_append_document(&bson_, key.data(), size(key), document);
    return *this;
  }
  Fields& add_array(std::string_view key, bson::View value) {
    const Borrowed elements(value);
    bson_append_array(&bson_, key.data(), size(key), elements);
    return *this;
  }
  Fields& add(std::string_view key, bson::ValueView value);
  /// Where it is not empty.
  Fields& add_if(std::string_view key, bson::View value) {
    return value.empty() ? *this : add(key, value);
  }
  Fields& add_all(bson::View fields) {
    const Borrowed more(fields);
    bson_concat(&bson_, more);
    return *this;
  }
  /// The index of a hint, by name or by keys.
  Fields& add_hint(bson::View keys, std::string_view name);
  Fields& add_max_time(std::chrono::milliseconds time) {
    return time.count() > 0 ? add("maxTimeMS", std::int64_t{time.count()}) : *this;
  }

  [[nodiscard]] const bson_t* get() const noexcept { return &bson_; }
  [[nodiscard]] bson_t* get() noexcept { return &bson_; }
  [[nodiscard]] bson::View view() const { return view_of(bson_); }

 private:
  static int size(std::string_view text) noexcept { return static_cast<int>(text.size()); }
  bson_t bson_;
};

[[nodiscard]] bson::Document to_document(const WriteConcern& concern);
[[nodiscard]] ReadPrefsPtr to_driver(const ReadPreference& preference);

/// Starts the driver, once a process.
void init_driver();

}  // namespace quire::store::mongodb
