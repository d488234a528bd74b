#pragma once

/// All of quire but the stores, and the names that an application writes.
#include "quire/bson/bson.hpp"               // IWYU pragma: export
#include "quire/bson/decode.hpp"             // IWYU pragma: export
#include "quire/bson/encode.hpp"             // IWYU pragma: export
#include "quire/collection/bulk_writer.hpp"  // IWYU pragma: export
#include "quire/collection/collection.hpp"   // IWYU pragma: export
#include "quire/collection/document.hpp"     // IWYU pragma: export
#include "quire/collection/schema.hpp"       // IWYU pragma: export
#include "quire/collection/watch.hpp"        // IWYU pragma: export
#include "quire/migrate/migrate.hpp"         // IWYU pragma: export
#include "quire/model/model.hpp"             // IWYU pragma: export
#include "quire/query/path.hpp"              // IWYU pragma: export

namespace quire {
using query::all_of;
using query::any_of;
using query::elem_match;
using query::element;
using query::exclude;
using query::field;
using query::Filter;
using query::include;
using query::json;
using query::nor;
using query::path;
using query::Projection;
using query::raw;
using query::slice;
using query::Sort;
using query::Update;
using query::wildcard;
using query::wildcard_text;
}  // namespace quire
