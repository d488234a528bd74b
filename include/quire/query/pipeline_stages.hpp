#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quire/query/detail/stages.hpp"
#include "quire/query/pipeline_options.hpp"
#include "quire/query/pipeline_window.hpp"

namespace quire::query {

/// The stages that a pipeline and an aggregation share. Each gives the chain on, with the type of
/// the documents that come out of it; fields of later stages are members of that type. A member
/// that no stage computes and the documents do not have is a compile error.
/// Row: the documents so far; bson::Document takes fields of any type. Chain: what is derived.
template <class Chain, class Row>
class Stages {
 public:
  /// Documents that the filter takes. First in a pipeline, or after stages that keep its fields as
  /// they are, an index serves it.
  [[nodiscard]] Chain match(const Filter<Row>& filter) && {
    return add("$match", bson::Value(filter.document()));
  }
  template <class... S>
  [[nodiscard]] Chain sort(const Sort<Row>& first, const S&... more) && {
    Sort<Row> order = first;
    ((order &= Sort<Row>(more)), ...);
    return add("$sort", bson::Value(order.document()));
  }
  template <class U>
    requires(!std::is_same_v<U, Row>)
  [[nodiscard]] Chain sort(const Sort<U>& first) && {
    return add("$sort", bson::Value(Sort<Row>(first).document()));
  }
  [[nodiscard]] Chain skip(std::int64_t n) && { return add("$skip", detail::number_value(n)); }
  [[nodiscard]] Chain limit(std::int64_t n) && { return add("$limit", detail::number_value(n)); }
  /// n documents at random.
  [[nodiscard]] Chain sample(std::int64_t n) && {
    return add("$sample", bson::Value(detail::single("size", detail::number_value(n))));
  }

  /// Documents of another struct: members given by into<…>(…), the others as they are.
  template <class Out, detail::IntoLike... I>
  [[nodiscard]] auto project(const I&... members) && {
    check_given<Out>(members...);
    (detail::check_gives<Gives::expression, I>(), ...);
    if constexpr (bson::detail::MappedDocument<Out>)
      add_projection<Out>(detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// By a projection; members that are left out have their defaults.
  [[nodiscard]] Chain project(const Projection<Row>& projection) && {
    return add("$project", bson::Value(projection.document()));
  }
  /// Sets fields: set(into<&User::total>(…)), or set<Out>(…) where Out has more fields than Row.
  template <class Out = Row, detail::IntoLike... I>
  [[nodiscard]] auto set(const I&... members) && {
    check_given<Out>(members...);
    (detail::check_gives<Gives::expression, I>(), ...);
    return set_fields<Out>("$set", detail::settled<Out, Row>(members)...);
  }
  template <class Out = Row, detail::IntoLike... I>
  [[nodiscard]] auto add_fields(const I&... members) && {
    check_given<Out>(members...);
    (detail::check_gives<Gives::expression, I>(), ...);
    return set_fields<Out>("$addFields", detail::settled<Out, Row>(members)...);
  }
  template <class Out = Row, class... P>
  [[nodiscard]] auto unset(const P&... paths) && {
    static_assert(sizeof...(P) > 0, "quire: unset(…) takes the fields to take away.");
    detail::check_covered<Out, Row>();
    const bson::Value names[] = {bson::Value(name_of(paths))...};
    builder().add("$unset", detail::array_of(names));
    return next<Out>();
  }
  /// The document that an expression gives, in the place of the whole.
  template <class E>
    requires detail::is_field_or_expression<E>
  [[nodiscard]] auto replace_root(const E& expression) && {
    using Out = detail::strip_t<detail::expr_value_t<E>>;
    constexpr bool document = detail::expr_kind<Out>() == detail::ExprKind::object;
    static_assert(document,
                  "quire: replace_root(…) takes an expression that gives a document of a known "
                  "struct; replace_root<T>(…) says which.");
    return std::move(*this).template replace_root<Out>(expression);
  }
  template <class Out, class E>
    requires detail::is_field_or_expression<E>
  [[nodiscard]] auto replace_root(const E& expression) && {
    detail::check_object_operand<E>();
    const bson::Value root = in_row(expression);
    const detail::Named parts[] = {{"newRoot", root}};
    builder().add("$replaceRoot", parts);
    return next<Out>();
  }
  template <class E>
  [[nodiscard]] auto replace_with(const E& expression) && {
    return std::move(*this).replace_root(expression);
  }

  /// One document for each value of the key, which becomes Out's member `id`:
  ///   group<ByCity>(city, into<&ByCity::mean>(avg(age)), into<&ByCity::n>(count()))
  /// The key is a field, an expression (document<Key>(…) for several), or std::nullopt: one group.
  template <class Out, class Key, detail::IntoLike... I>
  [[nodiscard]] auto group(const Key& key, const I&... members) && {
    (detail::check_gives<Gives::accumulator, I>(), ...);
    check_key<Out, Key>();
    const bson::Value id = in_row(key);
    const detail::Named fixed[] = {{"_id", id}};
    builder().add_group("$group", fixed, {},
                        detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// Groups by ranges of the key: bucket<Out>(age, boundaries(0, 18, 65).otherwise("other"), …);
  /// Out's id is a range's lower boundary.
  template <class Out, class Key, class B, detail::IntoLike... I>
  [[nodiscard]] auto bucket(const Key& key, const Boundaries<B>& ranges, const I&... members) && {
    (detail::check_gives<Gives::accumulator, I>(), ...);
    constexpr bool fits = detail::comparable_values<detail::expr_value_t<Key>, B>();
    static_assert(fits, "quire: bucket: the boundaries are of another type than the key.");
    const bson::Value values[] = {in_row(key), ranges.list()};
    const detail::Named fixed[] = {
        {"groupBy", values[0]}, {"boundaries", values[1]}, {"default", ranges.rest()}};
    builder().add_group("$bucket", fixed, "output",
                        detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// Groups of about equal size; Out's id is {min, max}. granularity: "R5", "1-2-5", "POWERSOF2" …
  template <class Out, class Key, detail::IntoLike... I>
  [[nodiscard]] auto bucket_auto(const Key& key, std::int32_t buckets, const I&... members) && {
    return std::move(*this).template bucket_auto<Out>(key, buckets, std::string_view(), members...);
  }
  template <class Out, class Key, detail::IntoLike... I>
  [[nodiscard]] auto bucket_auto(const Key& key, std::int32_t buckets, std::string_view granularity,
                                 const I&... members) && {
    (detail::check_gives<Gives::accumulator, I>(), ...);
    const bson::Value values[] = {
        in_row(key), bson::Value(buckets),
        granularity.empty() ? detail::absent() : bson::Value(granularity)};
    const detail::Named fixed[] = {
        {"groupBy", values[0]}, {"buckets", values[1]}, {"granularity", values[2]}};
    builder().add_group("$bucketAuto", fixed, "output",
                        detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// How many documents have each value, the most frequent first.
  template <class Key>
  [[nodiscard]] auto sort_by_count(const Key& key) && {
    builder().add("$sortByCount", in_row(key));
    return next<Counted<detail::strip_t<detail::expr_value_t<Key>>>>();
  }
  /// One document with the number of all; none for none: count(field<&Total::n>).
  template <class P>
    requires detail::is_path<P>
  [[nodiscard]] auto count(const P& into) && {
    using Out = typename P::root;
    detail::check_into<typename P::value, std::int64_t>();
    builder().add("$count", bson::Value(into.str()));
    return next<Out>();
  }

  /// A document for each element of a list; Out has the element where Row has the list. Documents
  /// without elements are left out unless the options keep them.
  template <class Out, class P>
    requires detail::is_path<P>
  [[nodiscard]] auto unwind(const P& list, const UnwindOptions& options = {}) && {
    using Field = detail::strip_t<typename P::value>;
    constexpr bool is_list = detail::ListLike<Field> || detail::is_untyped<Field>;
    static_assert(is_list, "quire: unwind takes a field that is a list.");
    if constexpr (is_list) {
      constexpr bool fits = detail::takes_element<Out, P>();
      static_assert(fits,
                    "quire: unwind<…>: the member of that name in the new struct cannot hold an "
                    "element of the list.");
    }
    const bson::Value values[] = {
        in_row(list),
        options.include_index.empty() ? detail::absent() : bson::Value(options.include_index),
        options.keep_empty ? bson::Value(true) : detail::absent()};
    if (values[1].type() == bson::Type::undefined && !options.keep_empty) {
      builder().add("$unwind", values[0]);
    } else {
      const detail::Named parts[] = {{"path", values[0]},
                                     {"includeArrayIndex", values[1]},
                                     {"preserveNullAndEmptyArrays", values[2]}};
      builder().add("$unwind", parts);
    }
    return next<Out>();
  }

  /// Documents of another collection whose `foreign` field equals `local`, in the list `as`:
  ///   lookup<WithOrders>(field<&User::id>, field<&Order::user>, field<&WithOrders::orders>)
  /// The collection is that of the model of foreign's struct. An index on `foreign` serves it.
  template <class Out, class L, class F, class As>
    requires(detail::is_path<L> && detail::is_path<F> && detail::is_path<As>)
  [[nodiscard]] auto lookup(const L& local, const F& foreign, const As& as) && {
    using Foreign = typename F::root;
    check_lookup<Out, Foreign, As>();
    check_joined<L, F>();
    const bson::Value values[] = {bson::Value(detail::collection_of(model_of<Foreign>())),
                                  bson::Value(name_of(local)), bson::Value(foreign.str()),
                                  bson::Value(as.str())};
    const detail::Named parts[] = {{"from", values[0]},
                                   {"localField", values[1]},
                                   {"foreignField", values[2]},
                                   {"as", values[3]}};
    builder().add("$lookup", parts);
    return next<Out>();
  }
  /// As above, and a pipeline that goes over the documents found.
  template <class Out, class L, class F, class Foreign, class Element, class As>
    requires(detail::is_path<L> && detail::is_path<F> && detail::is_path<As>)
  [[nodiscard]] auto lookup(const L& local, const F& foreign,
                            const Pipeline<Foreign, Element>& pipeline, const As& as) && {
    check_lookup<Out, Element, As>();
    check_joined<L, F>();
    constexpr bool same = detail::serves<Foreign, typename F::root>;
    static_assert(same,
                  "quire: lookup: the foreign field belongs to another struct than the "
                  "pipeline.");
    const bson::Value values[] = {bson::Value(pipeline.collection()), bson::Value(name_of(local)),
                                  bson::Value(foreign.str()), pipeline.array(),
                                  bson::Value(as.str())};
    const detail::Named parts[] = {{"from", values[0]},
                                   {"localField", values[1]},
                                   {"foreignField", values[2]},
                                   {"pipeline", values[3]},
                                   {"as", values[4]}};
    builder().add("$lookup", parts);
    return next<Out>();
  }
  /// What a pipeline over another collection gives for each document; `variables` carry values of
  /// this one into it, as var<…>("name"):
  ///   lookup<Out>(variables(variable("user", field<&User::id>)), pipeline<Order>().match(…), as)
  template <class Out, class R, class Foreign, class Element, class As>
  [[nodiscard]] auto lookup(const Variables<R>& variables,
                            const Pipeline<Foreign, Element>& pipeline, const As& as) && {
    check_lookup<Out, Element, As>();
    if constexpr (!std::is_void_v<R>) detail::check_root<Row, R>();
    const bson::Value values[] = {
        std::is_void_v<Foreign> ? detail::absent() : bson::Value(pipeline.collection()),
        variables.empty() ? detail::absent() : bson::Value(variables.document()), pipeline.array(),
        bson::Value(as.str())};
    const detail::Named parts[] = {
        {"from", values[0]}, {"let", values[1]}, {"pipeline", values[2]}, {"as", values[3]}};
    builder().add("$lookup", parts);
    return next<Out>();
  }
  /// Follows links from document to document: from the value of `start`, documents whose `to`
  /// equals it, then those whose `to` equals their `from` …
  template <class Out, class E, class F, class T, class As>
  [[nodiscard]] auto graph_lookup(const E& start, const F& from, const T& to, const As& as,
                                  const GraphOptions<typename T::root>& options = {}) && {
    using Foreign = typename T::root;
    constexpr bool graph = detail::serves<Foreign, typename F::root>;
    static_assert(graph, "quire: graph_lookup: `from` and `to` are fields of one struct.");
    check_lookup<Out, Foreign, As>();
    const bson::Value values[] = {
        bson::Value(detail::collection_of(model_of<Foreign>())),
        in_row(start),
        bson::Value(from.str()),
        bson::Value(to.str()),
        bson::Value(as.str()),
        options.max_depth ? detail::number_value(*options.max_depth) : detail::absent(),
        options.depth_field.empty() ? detail::absent() : bson::Value(options.depth_field),
        options.only.empty() ? detail::absent() : bson::Value(options.only.document())};
    const detail::Named parts[] = {{"from", values[0]},
                                   {"startWith", values[1]},
                                   {"connectFromField", values[2]},
                                   {"connectToField", values[3]},
                                   {"as", values[4]},
                                   {"maxDepth", values[5]},
                                   {"depthField", values[6]},
                                   {"restrictSearchWithMatch", values[7]}};
    builder().add("$graphLookup", parts);
    return next<Out>();
  }
  /// Several pipelines over the same documents; one document with a list of each:
  ///   facet<Page>(into<&Page::rows>(pipeline<User>().limit(10)), …)
  template <class Out, detail::IntoLike... I>
  [[nodiscard]] auto facet(const I&... members) && {
    constexpr bool pipelines = ((I::gives == Gives::list) && ...);
    static_assert(pipelines, "quire: facet takes into<…>(pipeline<Row>() …).");
    builder().add("$facet", detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// Also the documents of another pipeline, which gives the same struct.
  template <class Other, class U>
  [[nodiscard]] Chain union_with(const Pipeline<Other, U>& pipeline) && {
    constexpr bool same = std::is_same_v<U, Row>;
    static_assert(same,
                  "quire: union_with: the pipeline gives another struct than this one; end "
                  "it with project<…>().");
    if (pipeline.empty()) return add("$unionWith", bson::Value(pipeline.collection()));
    const bson::Value values[] = {
        std::is_void_v<Other> ? detail::absent() : bson::Value(pipeline.collection()),
        pipeline.array()};
    const detail::Named parts[] = {{"coll", values[0]}, {"pipeline", values[1]}};
    builder().add("$unionWith", parts);
    return std::move(chain());
  }

  /// Computes from the documents around each one: set_window_fields<Out>(partition, order,
  /// into<&Out::total>(over(sum(price), documents_window(unbounded, current)))). partition: a
  /// field, an expression, or std::nullopt.
  template <class Out, class E, detail::IntoLike... I>
  [[nodiscard]] auto set_window_fields(const E& partition, const Sort<Row>& order,
                                       const I&... members) && {
    check_given<Out>(members...);
    constexpr bool windows = ((I::gives == Gives::window || I::gives == Gives::accumulator) && ...);
    static_assert(windows, "quire: set_window_fields takes accumulators and window functions.");
    const bson::Value values[] = {
        std::is_same_v<E, std::nullopt_t> ? detail::absent() : in_row(partition),
        order.empty() ? detail::absent() : bson::Value(order.document())};
    const detail::Named fixed[] = {{"partitionBy", values[0]}, {"sortBy", values[1]}};
    builder().add_group("$setWindowFields", fixed, "output",
                        detail::named(detail::settled<Out, Row>(members)...).span());
    return next<Out>();
  }
  /// Puts values where fields are null or missing: fill(order, fill_last(price), …).
  template <class... F>
  [[nodiscard]] Chain fill(const FillOptions<Row>& options, const F&... fields) && {
    static_assert(sizeof...(F) > 0, "quire: fill(…) takes fill_with, fill_linear, fill_last.");
    (detail::check_root<Row, typename F::root>(), ...);
    const detail::Named outputs[] = {{fields.name, fields.how}...};
    const bson::Value values[] = {
        options.partition_by.empty() ? detail::absent()
                                     : detail::keys_of(options.partition_by.view()),
        options.sort.empty() ? detail::absent() : bson::Value(options.sort.document()),
        detail::object_value(outputs)};
    const detail::Named parts[] = {
        {"partitionByFields", values[0]}, {"sortBy", values[1]}, {"output", values[2]}};
    builder().add("$fill", parts);
    return std::move(chain());
  }
  /// Adds documents where steps of a number or time are missing.
  template <class P>
  [[nodiscard]] Chain densify(const P& path, const DensifyRange& range,
                              const Projection<Row>& partition_by = {}) && {
    const bson::Value values[] = {
        bson::Value(name_of(path)),
        partition_by.empty() ? detail::absent() : detail::keys_of(partition_by.view()),
        bson::Value(range.document())};
    const detail::Named parts[] = {
        {"field", values[0]}, {"partitionByFields", values[1]}, {"range", values[2]}};
    builder().add("$densify", parts);
    return std::move(chain());
  }
  /// Keeps, prunes or goes down, as the expression says: cond(…, descend(), prune()), keep().
  template <class E>
  [[nodiscard]] Chain redact(const E& expression) && {
    return add("$redact", in_row(expression));
  }

  /// Any stage as MongoDB writes it; Out: what the documents are after it.
  template <class Out = Row>
  [[nodiscard]] auto stage(const Raw& raw) && {
    builder().add_raw(raw.document());
    return next<Out>();
  }
  /// The stages of another pipeline, which begins with this one's documents.
  template <class From, class Out>
  [[nodiscard]] auto then(const Pipeline<From, Out>& more) && {
    constexpr bool same = detail::serves<Row, From>;
    static_assert(same,
                  "quire: then(pipeline): the pipeline begins with another struct than this "
                  "one ends with.");
    builder().append(more.builder());
    return next<Out>();
  }

 protected:
  Stages() = default;

 private:
  template <class>
  struct Later {  // so that Chain is complete when it is asked
    using type = Chain;
  };
  Chain& chain() noexcept { return static_cast<Chain&>(*this); }
  detail::PipelineBuilder& builder() noexcept { return chain().stages(); }
  Chain add(std::string_view op, const bson::Value& operand) {
    builder().add(op, operand);
    return std::move(chain());
  }
  template <class Out>
  auto next() {
    if constexpr (std::is_same_v<Out, Row>)
      return Chain(std::move(chain()));
    else
      return std::move(static_cast<typename Later<Out>::type&>(chain())).template with_row<Out>();
  }
  template <class Out>
  void add_projection(std::span<const detail::Named> given) {
    const detail::StoredNames out = detail::names_of<Out>();
    if constexpr (detail::untyped_row<Row>) {
      builder().add_project(out, nullptr, given, reflect::type_name<Out>());
    } else {
      const detail::StoredNames row = detail::names_of<Row>();
      builder().add_project(out, &row, given, reflect::type_name<Out>());
    }
  }
  template <class Out, class... I>
  auto set_fields(std::string_view op, const I&... members) {
    builder().add_set(op, detail::named(members...).span());
    return next<Out>();
  }
  template <class E>
  static bson::Value in_row(const E& e) {
    using Root = detail::expr_root_t<E>;
    if constexpr (std::is_void_v<Root>) {
      return detail::arg_in<void>(e);
    } else {
      detail::check_root<Row, Root>();
      if constexpr (detail::serves<Row, Root> && !detail::untyped_row<Row>)
        return detail::arg_in<Row>(e);
      else
        return detail::arg_in<void>(e);
    }
  }
  template <class P>
  static std::string name_of(const P& path) {
    detail::check_root<Row, typename P::root>();
    return model_detail::path_in<Row, typename P::root>(path.str());
  }
  template <class Out, class... I>
  static constexpr void check_given(const I&...) {
    // Positions are those of the member's own class, not of one derived from it.
    constexpr bool own = (std::is_same_v<Out, typename I::out> && ...);
    if constexpr (own) detail::check_covered<Out, Row, I::position...>();
  }
  /// Out's member `id` holds the key.
  template <class Out, class Key>
  static constexpr void check_key() {
    if constexpr (!detail::untyped_row<Out>) {
      if constexpr (requires(Out& out) { out.id; }) {
        using Id = decltype(std::declval<Out&>().id);
        constexpr bool fits = detail::holds_value<Id, detail::expr_value_t<Key>>();
        static_assert(fits, "quire: group<…>: the member id cannot hold the key.");
      }
    }
  }
  template <class L, class F>
  static constexpr void check_joined() {
    using Local = detail::expr_value_t<L>;
    using Other = detail::expr_value_t<F>;
    constexpr bool fits = detail::comparable_values<detail::flat_t<Local>, detail::flat_t<Other>>();
    static_assert(fits, "quire: lookup: the two fields are of different types and never equal.");
  }
  template <class Out, class Element, class As>
  static constexpr void check_lookup() {
    constexpr bool own = detail::serves<Out, typename As::root>;
    static_assert(own, "quire: lookup<…>: `as` is no member of the struct that this stage makes.");
    if constexpr (own) {
      using List = detail::strip_t<typename As::value>;
      constexpr bool list = detail::holds_value<List, std::vector<Element>>() &&
                            (detail::is_untyped<List> || detail::is_untyped<detail::item_t<List>> ||
                             std::is_same_v<detail::item_t<List>, Element>);
      static_assert(list, "quire: lookup<…>: `as` is no list of the documents that are looked up.");
      if constexpr (requires { As::first; } && std::is_same_v<Out, typename As::root>)
        detail::check_covered<Out, Row, reflect::index_of<As::first, typename As::root>>();
    }
  }
};

}  // namespace quire::query
