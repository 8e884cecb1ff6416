-- SPDX-FileCopyrightText: The Mainstay Authors
-- SPDX-License-Identifier: Apache-2.0

-- A shop with two tenants, acme and globex, and one of each way in which access goes wrong.

-- Roles that apps act as, and a login that may act as them.
CREATE ROLE app;
CREATE ROLE auditor BYPASSRLS;
CREATE ROLE keeper;
CREATE ROLE outsider;
CREATE ROLE stranger;
CREATE ROLE "we""ird; DROP TABLE orders; --";
CREATE ROLE checker LOGIN PASSWORD 'right password' IN ROLE app, auditor, keeper, outsider, "we""ird; DROP TABLE orders; --";

-- Logins that are refused, each for a reason of its own.
CREATE ROLE root LOGIN SUPERUSER PASSWORD 'right password';
CREATE ROLE writer LOGIN PASSWORD 'right password' IN ROLE pg_write_server_files;
CREATE ROLE heir LOGIN PASSWORD 'right password' IN ROLE root;
CREATE ROLE sleeper NOLOGIN PASSWORD 'right password';
CREATE ROLE barred LOGIN PASSWORD 'right password';
CREATE ROLE crowded LOGIN PASSWORD 'right password' CONNECTION LIMIT 0;
CREATE ROLE teller LOGIN PASSWORD 'right password';

-- Orders of both, isolated as they should be.
CREATE TABLE orders (id int PRIMARY KEY, tenant text NOT NULL, placed uuid, note text);
INSERT INTO orders VALUES (1, 'acme'), (2, 'acme'), (3, 'globex');
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON orders FOR SELECT TO app, keeper USING (tenant = current_setting('app.tenant', true));
CREATE POLICY orders_added ON orders FOR INSERT TO app WITH CHECK (tenant = current_setting('app.tenant', true));
GRANT SELECT, INSERT, DELETE ON orders TO app, auditor;

-- Invoices, where somebody forgot row-level security.
CREATE TABLE invoices (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO invoices VALUES (1, 'acme');
GRANT SELECT, INSERT ON invoices TO app;

-- Payments, which the app owns itself, so that policies do not hold for it.
CREATE TABLE payments (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO payments VALUES (1, 'acme'), (2, 'globex');
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON payments USING (tenant = current_setting('app.tenant', true));
ALTER TABLE payments OWNER TO keeper;

-- Refunds, with one policy too many.
CREATE TABLE refunds (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO refunds VALUES (1, 'acme'), (2, 'globex');
ALTER TABLE refunds ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON refunds USING (tenant = current_setting('app.tenant', true));
CREATE POLICY leftover ON refunds USING (true);
GRANT SELECT ON refunds TO app;

-- Carts, where row-level security is enabled and no policy was made.
CREATE TABLE carts (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO carts VALUES (1, 'acme');
ALTER TABLE carts ENABLE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON carts TO app;

-- Members, whose policy reads a table that the app may not, and claims, whose policy needs its setting.
CREATE TABLE teams (tenant text);
CREATE TABLE members (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO members VALUES (1, 'acme');
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY teams ON members USING (tenant IN (SELECT tenant FROM teams));
CREATE TABLE claims (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO claims VALUES (1, 'acme');
ALTER TABLE claims ENABLE ROW LEVEL SECURITY;
CREATE POLICY claims ON claims USING (tenant = current_setting('request.jwt.claims')::json ->> 'tenant');
GRANT SELECT ON members, claims TO app;

-- A policy that writes, and one that takes its time.
CREATE TABLE traces (id int);
CREATE FUNCTION leave_trace() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO traces VALUES (1); RETURN true; END $$;
GRANT INSERT ON traces TO app;
CREATE TABLE traps (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO traps VALUES (1, 'acme');
ALTER TABLE traps ENABLE ROW LEVEL SECURITY;
CREATE POLICY trap ON traps USING (leave_trace());
CREATE TABLE swamps (id int PRIMARY KEY, tenant text NOT NULL);
INSERT INTO swamps VALUES (1, 'acme');
ALTER TABLE swamps ENABLE ROW LEVEL SECURITY;
CREATE POLICY swamp ON swamps USING (pg_sleep(60) IS NOT NULL);
GRANT SELECT ON traps, swamps TO app;

-- People, of whom the app may read the name alone; a view; a table that nobody has filled; and a hidden schema.
CREATE TABLE people (id int PRIMARY KEY, name text, salary int);
GRANT SELECT (name), UPDATE (name) ON people TO app;
CREATE VIEW summary AS SELECT tenant FROM orders;
GRANT SELECT ON summary TO app;
CREATE TABLE empty (id int PRIMARY KEY, tenant text);
GRANT SELECT ON empty TO app;
CREATE SCHEMA backstage;
CREATE TABLE backstage.plans (id int PRIMARY KEY, tenant text);
GRANT SELECT ON backstage.plans TO app;

-- Names that want to be more than names.
CREATE SCHEMA "sch""ema; --";
GRANT USAGE ON SCHEMA "sch""ema; --" TO "we""ird; DROP TABLE orders; --";
CREATE TABLE "sch""ema; --"."таблица /* "" */ $1" ("col""umn'; RESET ROLE; --" text, plain text);
INSERT INTO "sch""ema; --"."таблица /* "" */ $1" VALUES ('''; RESET ROLE; --', 'x');
ALTER TABLE "sch""ema; --"."таблица /* "" */ $1" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "po""licy" ON "sch""ema; --"."таблица /* "" */ $1" USING (plain = current_setting('app.x', true));
GRANT SELECT ON "sch""ema; --"."таблица /* "" */ $1" TO "we""ird; DROP TABLE orders; --";
