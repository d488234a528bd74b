#pragma once

#include "quire/core/error.hpp"

namespace quire::store {

/// Whether a change stream goes on from its token after this error: the connection or the primary
/// is gone, the token is not. A network error that a server reports is for the server to label.
/// Source: MongoDB specification "Change Streams", resumable errors.
[[nodiscard]] bool is_resumable(const Error& error) noexcept;

}  // namespace quire::store
