#pragma once

#include <quire/quire.hpp>

namespace tour {

/// Typed queries, an update, counts and explain, printed. Throws quire::Error.
void show_queries(quire::Database& db);

}  // namespace tour
