"""From an event or a folder of transcripts to committed rows: spool, worker, sync, watch, ingest."""
