-- One row of all that is judged; every server from version 10 on knows it, a user without pg_monitor sees less.
SELECT
  current_setting('server_version') AS version,
  pg_is_in_recovery() AS replica,
  current_setting('transaction_read_only') AS read_only,
  current_setting('max_connections') AS connections_max,
  (SELECT sum(setting::int) FROM pg_settings WHERE name IN ('superuser_reserved_connections', 'reserved_connections'))
  AS connections_reserved,
  (SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')) AS sees_all,
  a.connections, a.transaction_s, a.locks, a.idle_in_transaction,
  CASE WHEN pg_is_in_recovery() THEN
    CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END
  ELSE (SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication) END AS lag_s,
  (SELECT count(*) FROM pg_stat_replication) AS replicas,
  (SELECT count(*) FROM pg_stat_wal_receiver WHERE pid IS NOT NULL) AS receivers,
  (SELECT count(*) FROM pg_replication_slots WHERE NOT active) AS slots_idle,
  CASE WHEN pg_is_in_recovery() THEN NULL
  ELSE (SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) FROM pg_replication_slots WHERE NOT active)
  END AS slots_bytes,
  (SELECT max(age(datfrozenxid)) FROM pg_database) AS oldest_transaction
FROM (
  SELECT
    count(*) FILTER (WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') AS connections,
    max(extract(epoch FROM now() - xact_start))
      FILTER (WHERE pid <> pg_backend_pid() AND backend_type = 'client backend') AS transaction_s,
    count(*) FILTER (WHERE wait_event_type = 'Lock') AS locks,
    count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction
  FROM pg_stat_activity
) a
