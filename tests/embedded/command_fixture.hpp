#pragma once

#include "file_fixture.hpp"

namespace quire::store::embedded {

/// Commands on a store in a file, answers as Extended JSON.
class CommandFileTest : public FileTest {
 protected:
  CommandFileTest() : store_(open(path_ + "?durability=normal")) {}

  bson::Document run(std::string_view text, std::string_view database = "main") {
    return store_->run_command(database, json(text), nullptr);
  }
  int code(std::string_view text, std::string_view database = "main") {
    try {
      (void)run(text, database);
      return 0;
    } catch (const Error& error) {
      return error.backend_code();
    }
  }
  static std::string ids_of(bson::View batch) {
    std::string out;
    for (const auto& one : batch)
      out += std::to_string(one.value.as_document()["_id"].as_int32()) + " ";
    return out;
  }
  /// The _ids that a find gives, in its order.
  std::string ids(std::string_view find) {
    const bson::Document reply = run(find);
    return ids_of(reply["cursor"].as_document()["firstBatch"].as_array());
  }
  /// The stage that reads, at the bottom of the plan.
  std::string reading_stage(std::string_view find) {
    const auto told = run(R"({"explain": )" + std::string(find) + R"(})");
    bson::View plan = told["queryPlanner"].as_document()["winningPlan"].as_document();
    while (const auto inner = plan.find("inputStage")) plan = inner->as_document();
    return std::string(plan["stage"].as_string());
  }
  std::shared_ptr<Store> store_;
};

}  // namespace quire::store::embedded
