-- The Prefect server's own database, made once beside planerka's.
CREATE DATABASE prefect OWNER planerka;
