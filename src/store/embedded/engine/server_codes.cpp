#include "store/embedded/engine/server_codes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace quire::store::embedded {
namespace {

struct Name {
  int code;
  std::string_view name;
};

// In the order of the numbers.
constexpr auto names = std::to_array<Name>({
    {1, "InternalError"},
    {2, "BadValue"},
    {4, "NoSuchKey"},
    {5, "GraphContainsCycle"},
    {9, "FailedToParse"},
    {10, "CannotMutateObject"},
    {11, "UserNotFound"},
    {13, "Unauthorized"},
    {14, "TypeMismatch"},
    {15, "Overflow"},
    {16, "InvalidLength"},
    {17, "ProtocolError"},
    {18, "AuthenticationFailed"},
    {20, "IllegalOperation"},
    {21, "EmptyArrayOperation"},
    {22, "InvalidBSON"},
    {24, "LockTimeout"},
    {26, "NamespaceNotFound"},
    {27, "IndexNotFound"},
    {28, "PathNotViable"},
    {40, "ConflictingUpdateOperators"},
    {43, "CursorNotFound"},
    {48, "NamespaceExists"},
    {50, "MaxTimeMSExpired"},
    {52, "DollarPrefixedFieldName"},
    {53, "InvalidIdField"},
    {54, "NotSingleValueField"},
    {56, "EmptyFieldName"},
    {57, "DottedFieldName"},
    {59, "CommandNotFound"},
    {61, "ShardKeyNotFound"},
    {66, "ImmutableField"},
    {67, "CannotCreateIndex"},
    {68, "IndexAlreadyExists"},
    {72, "InvalidOptions"},
    {73, "InvalidNamespace"},
    {79, "UnknownReplWriteConcern"},
    {85, "IndexOptionsConflict"},
    {86, "IndexKeySpecsConflict"},
    {91, "ShutdownInProgress"},
    {96, "OperationFailed"},
    {100, "UnsatisfiableWriteConcern"},
    {112, "WriteConflict"},
    {115, "CommandNotSupported"},
    {117, "ConflictingOperationInProgress"},
    {121, "DocumentValidationFailure"},
    {123, "NotAReplicaSet"},
    {125, "CommandFailed"},
    {136, "CappedPositionLost"},
    {146, "ExceededMemoryLimit"},
    {165, "ViewDepthLimitExceeded"},
    {166, "CommandNotSupportedOnView"},
    {167, "OptionNotSupportedOnView"},
    {168, "InvalidPipelineOperator"},
    {171, "CannotIndexParallelArrays"},
    {181, "AmbiguousIndexKeyPattern"},
    {197, "InvalidIndexSpecificationOption"},
    {202, "NetworkInterfaceExceededTimeLimit"},
    {207, "InvalidUUID"},
    {210, "ClusterTimeFailsRateLimiter"},
    {217, "IncompleteTransactionHistory"},
    {222, "CloseChangeStream"},
    {224, "QueryFeatureNotAllowed"},
    {225, "TransactionTooOld"},
    {238, "NotImplemented"},
    {241, "ConversionFailure"},
    {244, "TransactionAborted"},
    {246, "SnapshotUnavailable"},
    {251, "NoSuchTransaction"},
    {256, "TransactionCommitted"},
    {257, "TransactionTooLarge"},
    {261, "TooManyLogicalSessions"},
    {263, "OperationNotSupportedInTransaction"},
    {276, "IndexBuildAborted"},
    {280, "ChangeStreamFatalError"},
    {282, "TransactionCoordinatorSteppingDown"},
    {290, "TransactionExceededLifetimeLimitSeconds"},
    {291, "NoQueryExecutionPlans"},
    {322, "APIVersionError"},
    {323, "APIStrictError"},
    {334, "MechanismUnavailable"},
    {352, "UnsupportedOpQueryCommand"},
    {365, "TemporarilyUnavailable"},
    {10107, "NotWritablePrimary"},
    {10334, "BSONObjectTooLarge"},
    {11000, "DuplicateKey"},
    {11600, "InterruptedAtShutdown"},
    {11601, "Interrupted"},
    {14031, "OutOfDiskSpace"},
});

}  // namespace

std::string code_name(int code) {
  const auto found = std::ranges::lower_bound(names, code, {}, &Name::code);
  if (found != names.end() && found->code == code) return std::string(found->name);
  return "Location" + std::to_string(code);
}

}  // namespace quire::store::embedded
