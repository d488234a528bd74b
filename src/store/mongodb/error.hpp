#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "store/mongodb/uri.hpp"

namespace quire::store::mongodb {

/// What was asked when it failed: the same number of a server means other things of a filter than
/// of an update.
enum class Asked { read, insert, update, remove, index, admin, transaction };

struct Where {
  Namespace ns;
  Asked asked = Asked::read;
};

/// The one place where the driver's and the server's errors become quire's.
/// `reply` may hold errorLabels, writeErrors, writeConcernErrors, errInfo.
[[noreturn]] void fail(const bson_error_t& error, bson::View reply, const Where& where,
                       const Secrets& secrets);
/// As fail, but gives it.
[[nodiscard]] std::exception_ptr make_failure(const bson_error_t& error, bson::View reply,
                                              const Where& where, const Secrets& secrets);
/// One element of writeErrors: {index, code, errmsg, errInfo | keyPattern, keyValue}.
[[nodiscard]] WriteError item_error(bson::View element, const Where& where);
/// The error that a server's number stands for.
[[nodiscard]] ErrorCode code_of_server(int code, std::string_view message, Asked asked) noexcept;

}  // namespace quire::store::mongodb
