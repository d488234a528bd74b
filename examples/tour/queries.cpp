#include "queries.hpp"

#include <iostream>
#include <string_view>

#include "models.hpp"

namespace tour {

namespace q = quire;
using q::field;

struct Label {  // any struct whose fields are some of the model's
  std::string id;
  std::string name;
};

namespace {

void heading(std::string_view text) { std::cout << "\n-- " << text << '\n'; }

void counts(q::Database& db) {
  heading("counts");
  std::cout << "countries     " << db.collection<Country>().count() << '\n'
            << "subdivisions  " << db.collection<Subdivision>().count() << ", of them "
            << db.collection<Subdivision>().count(field<&Subdivision::parent>.exists())
            << " with a parent\n"
            << "languages     " << db.collection<Language>().count() << ", of them "
            << db.collection<Language>().count(field<&Language::type> == "L") << " living\n";
}

void one_country(q::Database& db) {
  heading("a country by id, its regions in order of name");
  const Country iceland = db.collection<Country>().get("IS");
  std::cout << iceland.name << " (" << iceland.alpha_3 << ", " << iceland.numeric << ")\n";
  for (const Subdivision& region :
       db.collection<Subdivision>()
           .find(field<&Subdivision::country> == "IS" && field<&Subdivision::type> == "Region")
           .sort(field<&Subdivision::name>.asc())) {
    std::cout << "  " << region.part << "  " << region.name << '\n';
  }
}

void references(q::Database& db) {
  heading("what belongs to the autonomous republic of Nakhchivan (a parent that is a reference)");
  auto districts = db.collection<Subdivision>()
                       .find(field<&Subdivision::parent> == "AZ-NX")
                       .sort(field<&Subdivision::name>.asc())
                       .limit(3)
                       .project<Label>();
  for (const Label& label : districts) std::cout << "  " << label.id << "  " << label.name << '\n';
}

void languages(q::Database& db) {
  heading("living languages with a two-letter code whose name begins with \"Ic\" or \"Fi\"");
  constexpr auto name = field<&Language::name>;
  for (const Language& language :
       db.collection<Language>()
           .find(name.regex("^(Ic|Fi)") && field<&Language::alpha_2>.exists() &&
                 field<&Language::type> == "L")
           .sort(name.asc())) {
    std::cout << "  " << *language.alpha_2 << "  " << language.name << '\n';
  }
}

void an_update(q::Database& db) {
  heading("an update: one more visit to Iceland");
  auto countries = db.collection<Country>();
  const auto result =
      countries.update_one(field<&Country::alpha_3> == "ISL", field<&Country::visits>.inc(1));
  std::cout << "matched " << result.matched << ", modified " << result.modified << "; visits now "
            << countries.get("IS").visits << '\n';
}

void explain(q::Database& db) {
  heading("how the regions of Iceland are found");
  const auto find = db.collection<Subdivision>()
                        .find(field<&Subdivision::country> == "IS")
                        .sort(field<&Subdivision::name>.asc());
  const q::bson::Document plan = find.explain();
  // {stage: FETCH, inputStage: {stage: IXSCAN, indexName: …}}, as a server explains.
  auto stage = plan["queryPlanner"].as_document()["winningPlan"].as_document();
  for (;;) {
    std::cout << stage["stage"].as_string();
    if (const auto index = stage.find("indexName")) std::cout << " by " << index->as_string();
    const auto input = stage.find("inputStage");
    if (!input) break;
    std::cout << " <- ";
    stage = input->as_document();
  }
  const auto statistics = plan["executionStats"].as_document();
  std::cout << ": " << q::bson::to_json(statistics["nReturned"]) << " documents, "
            << q::bson::to_json(statistics["totalKeysExamined"]) << " keys and "
            << q::bson::to_json(statistics["totalDocsExamined"]) << " documents examined\n";
}

}  // namespace

void show_queries(q::Database& db) {
  counts(db);
  one_country(db);
  references(db);
  languages(db);
  an_update(db);
  explain(db);
}

}  // namespace tour
