#include "quire/store/resumable.hpp"

namespace quire::store {

bool is_resumable(const Error& error) noexcept {
  if (error.has_label("ResumableChangeStreamError")) return true;
  switch (error.code()) {
    case ErrorCode::network_error:
      return error.backend_code() == 0;  // of a connection
    case ErrorCode::server_unreachable:
    case ErrorCode::not_primary:
    case ErrorCode::cursor_not_found:
    case ErrorCode::pool_exhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace quire::store
