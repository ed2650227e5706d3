-- name: begin_write
BEGIN IMMEDIATE

-- name: begin_read
BEGIN

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: savepoint
SAVEPOINT application

-- name: rollback_to_savepoint
ROLLBACK TO application

-- name: release_savepoint
RELEASE application

-- name: freelist_count
PRAGMA freelist_count

-- name: page_count
PRAGMA page_count

-- name: vacuum_some
PRAGMA incremental_vacuum(256)
