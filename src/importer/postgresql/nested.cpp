#include "importer/postgresql/nested.hpp"

#include "importer/convert.hpp"
#include "importer/postgresql/decode.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer::postgresql {
namespace {

using Kind = Cell::Kind;

/// Why the whole cannot be read.
struct Unreadable {
  std::string why;
};

/// Reads from the front. Throws Unreadable where there is less than is asked for.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}
  template <class T>
  T number() {
    return big_endian<T>(take(sizeof(T)));
  }
  std::string_view take(std::size_t size) {
    if (rest_.size() < size) throw Unreadable{"an array or a composite that ends too early"};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::string_view rest_;
};

/// How what is inside becomes BSON: as columns do where no policy is given.
const Conversion& conversion() {
  static const Conversion out({.place = "what it holds"});
  return out;
}

/// Reads arrays and composites into a writer.
class NestedReader {
 public:
  explicit NestedReader(std::string_view bytes) : in_(bytes) {}

  void array(const Type& type) {
    const auto dimensions = in_.number<std::int32_t>();
    (void)in_.number<std::int32_t>();   // whether there are nulls
    (void)in_.number<std::uint32_t>();  // the elements' type
    std::vector<std::int32_t> sizes;
    for (std::int32_t i = 0; i < dimensions; ++i) {
      sizes.push_back(in_.number<std::int32_t>());
      (void)in_.number<std::int32_t>();  // the lower bound: BSON's arrays begin at 0
    }
    if (!sizes.empty()) elements(*type.element, sizes, 0);
  }

  void composite(const Type& type) {
    const auto fields = in_.number<std::int32_t>();
    if (fields < 0 || static_cast<std::size_t>(fields) != type.fields.size())
      throw Unreadable{"a composite whose type was changed after the schema was read"};
    for (const Type::Field& field : type.fields) {
      (void)in_.number<std::uint32_t>();  // its type
      value(*field.type, field.name);
    }
  }

  bson::Document finish() { return writer_.finish(); }

 private:
  void elements(const Type& type, const std::vector<std::int32_t>& sizes, std::size_t dimension) {
    for (std::int32_t i = 0; i < sizes[dimension]; ++i) {
      const std::string key = std::to_string(i);
      if (dimension + 1 == sizes.size()) {
        value(type, key);
        continue;
      }
      writer_.begin_array(key);
      elements(type, sizes, dimension + 1);
      writer_.end();
    }
  }

  /// A length and as many bytes; -1 is null.
  void value(const Type& type, std::string_view key) {
    const auto size = in_.number<std::int32_t>();
    if (size < 0) {
      writer_.append_null(key);
      return;
    }
    std::string decoded;
    const Cell cell = decode(type, in_.take(static_cast<std::size_t>(size)), decoded);
    if (cell.kind == Kind::unreadable) throw Unreadable{std::string(cell.text)};
    conversion().append(writer_, key, cell, scratch_);
  }

  Bytes in_;
  bson::Writer writer_;
  ConvertScratch scratch_;
};

}  // namespace

Cell decode_nested(const Type& type, std::string_view bytes, std::string& scratch) {
  try {
    NestedReader reader(bytes);
    const bool is_array = type.wire == Wire::array;
    if (is_array)
      reader.array(type);
    else
      reader.composite(type);
    const bson::Document document = reader.finish();
    scratch.assign(reinterpret_cast<const char*>(document.view().data()), document.view().size());
    return Cell::of_text(is_array ? Kind::array : Kind::document, scratch);
  } catch (const Unreadable& error) {
    scratch = error.why;
    return Cell::of_text(Kind::unreadable, scratch);
  } catch (const Error& error) {
    // What a policy could do about it does not reach in here.
    scratch = error.detail().substr(0, error.detail().find(';')) +
              "; policies do not reach into arrays and composites: import them from a view that "
              "casts it to text";
    return Cell::of_text(Kind::unreadable, scratch);
  }
}

}  // namespace quire::importer::postgresql
