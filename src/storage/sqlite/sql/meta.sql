-- name: read_meta
SELECT store_id, epoch, reserved_ids, highest_wall_ms, deduplications_since_ms, deduplications_table FROM meta

-- name: raise_epoch
UPDATE meta SET epoch = epoch + 1

-- name: update_meta
UPDATE meta SET reserved_ids = max(reserved_ids, ?1), highest_wall_ms = max(highest_wall_ms, ?2)
