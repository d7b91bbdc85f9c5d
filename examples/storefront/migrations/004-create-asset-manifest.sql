CREATE TABLE asset_manifest (
  path         text PRIMARY KEY,
  -- Name with a hash of the contents, so that browsers may keep the file for ever.
  hashed_path  text NOT NULL UNIQUE,
  content_type text NOT NULL,
  bytes        integer NOT NULL,
  brotli       bytea NOT NULL
);
