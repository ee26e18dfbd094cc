-- Atomic, because the engine's own default database lacks atomic renames and refreshable views.

CREATE DATABASE IF NOT EXISTS pantau_store ENGINE = Atomic COMMENT 'Storage tables: not for analysts';

CREATE DATABASE IF NOT EXISTS pantau ENGINE = Atomic COMMENT 'Views for analysts';
