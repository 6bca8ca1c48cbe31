-- By what the browser and the network of somebody in a meeting are known again, should they be banned: hashes of 16 bytes, one after the other.
ALTER TABLE tokens ADD COLUMN marks BLOB NOT NULL DEFAULT x'';
