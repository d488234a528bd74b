#include "store/mongodb/error.hpp"

#include <gtest/gtest.h>

namespace quire::store::mongodb {
namespace {

// DocumentDB answers with InternalError (1) where MongoDB has a number; its words tell them apart.
TEST(MongoErrors, WithoutANumberAreToldByTheirWords) {
  EXPECT_EQ(code_of_server(1,
                           "conflicting key value violates exclusion constraint "
                           "\"documents_rum_index_84\"",
                           Asked::update),
            ErrorCode::duplicate_key);
  EXPECT_EQ(code_of_server(1, "could not create exclusion constraint \"documents_rum_index_82\"",
                           Asked::index),
            ErrorCode::duplicate_key);
  EXPECT_EQ(code_of_server(1, "collation is not supported in the find command yet.", Asked::read),
            ErrorCode::unsupported);
  EXPECT_EQ(code_of_server(1, "the disk is on fire", Asked::update), ErrorCode::command_failed);
}

TEST(MongoErrors, WithANumberAreNotJudgedByTheirWords) {
  EXPECT_EQ(code_of_server(121, "exclusion constraint: not supported", Asked::insert),
            ErrorCode::validation_failed);
  EXPECT_EQ(code_of_server(8, "exclusion constraint: not supported", Asked::insert),
            ErrorCode::command_failed);
}

}  // namespace
}  // namespace quire::store::mongodb
