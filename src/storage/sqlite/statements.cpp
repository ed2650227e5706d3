#include "storage/sqlite/statements.hpp"

namespace rowmq::storage::sqlite {

Repeated::Repeated(sqlite3* db, std::string_view name) : db_(db), text_(sql_named(name)) {
    for (const auto rows : text_.rows) sizes_.push_back({rows, Statement()});
}

void Repeated::make(Size& size) {
    size.statement = Statement(db_, text_.with_rows(size.rows));
    columns_ = sqlite3_bind_parameter_count(size.statement.handle()) / static_cast<int>(size.rows);
}

Statements::Statements(sqlite3* db)
    : begin_write(prepare(db, "begin_write")),
      commit(prepare(db, "commit")),
      rollback(prepare(db, "rollback")),
      savepoint(prepare(db, "savepoint")),
      rollback_to_savepoint(prepare(db, "rollback_to_savepoint")),
      release_savepoint(prepare(db, "release_savepoint")),
      put_messages(db, "put_messages"),
      put_entries(db, "put_entries"),
      put_delayed(db, "put_delayed"),
      remove_message(prepare(db, "remove_message")),
      remove_message_range(prepare(db, "remove_message_range")),
      ids_between(prepare(db, "ids_between")),
      update_entry(prepare(db, "update_entry")),
      update_entry_range(prepare(db, "update_entry_range")),
      entry_exists(prepare(db, "entry_exists")),
      remove_entry(prepare(db, "remove_entry")),
      remove_entry_range(prepare(db, "remove_entry_range")),
      sequences_between(prepare(db, "sequences_between")),
      lane_from(prepare(db, "lane_from")),
      entries_to_sweep(prepare(db, "entries_to_sweep")),
      delayed_exists(prepare(db, "delayed_exists")),
      remove_delayed(prepare(db, "remove_delayed")),
      delayed_to_sweep(prepare(db, "delayed_to_sweep")),
      add_share(prepare(db, "add_share")),
      take_share(prepare(db, "take_share")),
      remove_share(prepare(db, "remove_share")),
      add_counters(prepare(db, "add_counters")),
      put_namespace(prepare(db, "put_namespace")),
      put_queue(prepare(db, "put_queue")),
      put_queue_counters(prepare(db, "put_queue_counters")),
      erase_queue(prepare(db, "erase_queue")),
      erase_queue_counters(prepare(db, "erase_queue_counters")),
      erase_queue_bindings(prepare(db, "erase_queue_bindings")),
      put_exchange(prepare(db, "put_exchange")),
      erase_exchange(prepare(db, "erase_exchange")),
      erase_exchange_bindings(prepare(db, "erase_exchange_bindings")),
      put_binding(prepare(db, "put_binding")),
      erase_binding(prepare(db, "erase_binding")),
      put_task(prepare(db, "put_task")),
      erase_task(prepare(db, "erase_task")),
      erase_namespace(prepare(db, "erase_namespace")),
      put_user(prepare(db, "put_user")),
      erase_user(prepare(db, "erase_user")),
      put_permission(prepare(db, "put_permission")),
      erase_permission(prepare(db, "erase_permission")),
      erase_permissions_of_user(prepare(db, "erase_permissions_of_user")),
      erase_permissions_in(prepare(db, "erase_permissions_in")),
      put_topic_permission(prepare(db, "put_topic_permission")),
      erase_topic_permission(prepare(db, "erase_topic_permission")),
      erase_topic_permissions_of_user(prepare(db, "erase_topic_permissions_of_user")),
      erase_topic_permissions_in(prepare(db, "erase_topic_permissions_in")),
      put_parameter(prepare(db, "put_parameter")),
      erase_parameter(prepare(db, "erase_parameter")),
      erase_parameters_in(prepare(db, "erase_parameters_in")),
      find_deduplication_a(prepare(db, "find_deduplication_a")),
      find_deduplication_b(prepare(db, "find_deduplication_b")),
      put_deduplication_a(prepare(db, "put_deduplication_a")),
      put_deduplication_b(prepare(db, "put_deduplication_b")),
      remove_deduplication_a(prepare(db, "remove_deduplication_a")),
      remove_deduplication_b(prepare(db, "remove_deduplication_b")),
      empty_deduplications_a(prepare(db, "empty_deduplications_a")),
      empty_deduplications_b(prepare(db, "empty_deduplications_b")),
      turn_deduplications(prepare(db, "turn_deduplications")),
      update_meta(prepare(db, "update_meta")),
      freelist_count(prepare(db, "freelist_count")),
      page_count(prepare(db, "page_count")),
      vacuum_some(prepare(db, "vacuum_some")) {}

}  // namespace rowmq::storage::sqlite
