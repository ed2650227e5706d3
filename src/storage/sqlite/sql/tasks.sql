-- name: put_task
INSERT INTO tasks (id, namespace, source, source_name, destination, per_second, state, moved, total, up_to, selected, failure, started_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (id) DO UPDATE SET namespace = ?2, source = ?3, source_name = ?4, destination = ?5, per_second = ?6, state = ?7,
    moved = ?8, total = ?9, up_to = ?10, selected = ?11, failure = ?12, started_at_ms = ?13

-- name: all_tasks
SELECT id, namespace, source, source_name, destination, per_second, state, moved, total, up_to, selected, failure, started_at_ms
FROM tasks ORDER BY id

-- name: erase_task
DELETE FROM tasks WHERE id = ?
