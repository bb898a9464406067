"""Five hundred students at once, over HTTP: `web`, a worker, PostgreSQL, the practice workspace, each a process."""
