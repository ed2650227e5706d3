-- name: schema
CREATE TABLE meta (id int PRIMARY KEY, epoch bigint NOT NULL, turn smallint NOT NULL);
INSERT INTO meta VALUES (1, 0, 0);
CREATE TABLE messages (
    id bigint PRIMARY KEY,
    published_at_ms bigint NOT NULL,
    properties text COLLATE "C",
    body bytea NOT NULL);
ALTER TABLE messages ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE queue_messages (
    queue bigint NOT NULL, lane smallint NOT NULL, sequence bigint NOT NULL,
    message bigint NOT NULL,
    copies int NOT NULL, bytes int NOT NULL, receives bigint NOT NULL,
    expires_at_ms bigint, available_at_ms bigint,
    message_group text COLLATE "C" NOT NULL, notes text COLLATE "C",
    PRIMARY KEY (queue, lane, sequence));
CREATE TABLE shares (message bigint PRIMARY KEY, remaining bigint NOT NULL);
CREATE TABLE counter_deltas (queue bigint NOT NULL, sent bigint NOT NULL, done bigint NOT NULL, bytes bigint NOT NULL);
CREATE TABLE deduplications (
    queue bigint NOT NULL, scope text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, turn smallint NOT NULL,
    message bigint NOT NULL, sequence bigint NOT NULL, accepted_at_ms bigint NOT NULL,
    PRIMARY KEY (queue, scope, id, turn));
CREATE TABLE tokens (token text PRIMARY KEY)

-- name: raise_epoch
UPDATE meta SET epoch = epoch + 1 RETURNING epoch, turn

-- name: begin
BEGIN

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: put_messages
INSERT INTO messages (id, published_at_ms, properties, body)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[])

-- name: put_entries
INSERT INTO queue_messages (queue, lane, sequence, message, copies, bytes, receives, expires_at_ms, available_at_ms, message_group, notes)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::text[], $11::text[])

-- name: add_shares
INSERT INTO shares AS s (message, remaining) SELECT message, sum(n) FROM unnest($1::bigint[], $2::bigint[]) AS a (message, n) GROUP BY message
ON CONFLICT (message) DO UPDATE SET remaining = s.remaining + excluded.remaining

-- name: remove_entries
-- One statement for entries, shares and bodies: what a row that was not there would have taken is not taken.
WITH asked AS (
    SELECT DISTINCT ON (queue, lane, sequence) * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS a (queue, lane, sequence, message, copies, keep)
    ORDER BY queue, lane, sequence),
gone AS (
    DELETE FROM queue_messages AS q USING asked AS a
    WHERE q.queue = a.queue AND q.lane = a.lane AND q.sequence = a.sequence
    RETURNING a.message, a.copies, a.keep),
taken AS (SELECT message, count(*) AS n FROM gone WHERE keep = 0 AND copies > 1 GROUP BY message),
lowered AS (
    UPDATE shares AS s SET remaining = s.remaining - t.n FROM taken AS t WHERE s.message = t.message
    RETURNING s.message, s.remaining),
bodies AS (
    DELETE FROM messages AS m
    USING (SELECT message FROM gone WHERE keep = 0 AND copies = 1
           UNION ALL SELECT message FROM lowered WHERE remaining = 0) AS d
    WHERE m.id = d.message)
SELECT count(*) FROM gone

-- name: remove_shares
DELETE FROM shares WHERE message = ANY ($1::bigint[]) AND remaining <= 0

-- name: count
INSERT INTO counter_deltas SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])

-- name: lock_entries
-- What units need is locked in key order before anything is decided.
SELECT q.queue, q.lane, q.sequence FROM queue_messages AS q
JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS a (queue, lane, sequence)) AS a
  ON q.queue = a.queue AND q.lane = a.lane AND q.sequence = a.sequence
ORDER BY q.queue, q.lane, q.sequence FOR UPDATE OF q

-- name: find_deduplications
SELECT d.queue, d.scope, d.id, d.turn, d.message, d.sequence, d.accepted_at_ms
FROM deduplications AS d
JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS a (queue, scope, id)) AS a
  ON d.queue = a.queue AND d.scope = a.scope AND d.id = a.id

-- name: put_deduplications
INSERT INTO deduplications (queue, scope, id, message, sequence, accepted_at_ms, turn)
SELECT *, $7::bigint FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (queue, scope, id, turn) DO UPDATE SET message = excluded.message, sequence = excluded.sequence, accepted_at_ms = excluded.accepted_at_ms

-- name: turn_deduplications
WITH emptied AS (DELETE FROM deduplications WHERE turn = $1::bigint) UPDATE meta SET turn = $1::bigint

-- name: put_token
INSERT INTO tokens VALUES ($1)

-- name: entries_after
-- $5 rows at most, of the first $6 that stand there; bodies while they fit $7 bytes, the first always.
WITH looked_at AS (
    SELECT * FROM queue_messages WHERE queue = $1::bigint AND lane = $2::bigint AND sequence > $3::bigint
    ORDER BY sequence LIMIT NULLIF($6::bigint, 0)),
kept AS (
    SELECT * FROM looked_at
    WHERE ($4::text IS NULL OR message_group = $4::text) AND message_group <> ALL ($8::text[])
    ORDER BY sequence LIMIT $5::bigint),
sized AS (SELECT *, sum(bytes) OVER (ORDER BY sequence) AS running, row_number() OVER (ORDER BY sequence) AS number FROM kept)
SELECT s.lane, s.sequence, s.message, s.copies, s.bytes, s.receives, s.expires_at_ms, s.available_at_ms, s.message_group, s.notes,
       m.id, m.published_at_ms, m.properties, m.body
FROM sized AS s
LEFT JOIN messages AS m ON m.id = s.message AND $7::bigint > 0 AND (s.running <= $7::bigint OR s.number = 1)
ORDER BY s.sequence

-- name: looked_at
SELECT sequence FROM queue_messages WHERE queue = $1::bigint AND lane = $2::bigint AND sequence > $3::bigint
ORDER BY sequence LIMIT $4::bigint OFFSET $5::bigint

-- name: last_of_lane
SELECT max(sequence) FROM queue_messages WHERE queue = $1::bigint AND lane = $2::bigint

-- name: lane_heads
SELECT l.lane, s.sequence
FROM generate_series(0, 255) AS l (lane)
CROSS JOIN LATERAL (
    SELECT sequence FROM queue_messages AS q WHERE q.queue = $1::bigint AND q.lane = l.lane AND q.sequence > $2::bigint
    ORDER BY q.sequence LIMIT 1) AS s
ORDER BY l.lane

-- name: messages_by_id
SELECT id, published_at_ms, properties, body FROM messages WHERE id = ANY ($1::bigint[]) ORDER BY id
