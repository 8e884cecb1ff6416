-- SPDX-FileCopyrightText: The Mainstay Authors
-- SPDX-License-Identifier: Apache-2.0

-- An app that sends webhooks itself: its tables, and the views of them that Mainstay reads.

CREATE SCHEMA hooks;
CREATE TABLE hooks.subscribers (id int PRIMARY KEY, target varchar NOT NULL, active boolean NOT NULL DEFAULT true, topics varchar[], secret text);
CREATE TABLE hooks.outbox (
  subscriber int NOT NULL, topic text NOT NULL, sent boolean NOT NULL DEFAULT false, given_up boolean NOT NULL DEFAULT false,
  answer int, made timestamptz NOT NULL, tried timestamptz, payload jsonb
);

-- Three hundred subscribers, and one of each way in which an endpoint goes wrong.
INSERT INTO hooks.subscribers SELECT n, 'https://shop.example.com/' || n, true, NULL, 'whsec_not_to_be_read' FROM generate_series(1, 300) AS n;
INSERT INTO hooks.subscribers VALUES
  (1001, 'https://shop.example.com/webhooks/postgres', true, '{order.created,order.paid}'),
  (1002, 'https://shop.example.com/off', false, NULL),
  (1003, 'https://shop.example.com/few', true, '{order.created}'),
  (1004, 'https://shop.example.com/begins', true, '{order.*}'),
  (1005, 'https://shop.example.com/twice', true, '{*}'), (1006, 'https://shop.example.com/twice', true, NULL),
  (1007, 'http://Shop.example.com:80/Slash/', true, NULL),
  (1008, 'https://shop.example.com/failing', true, NULL),
  (1009, 'https://shop.example.com/dead', true, NULL),
  (1010, 'https://shop.example.com/stuck', true, NULL),
  (1011, 'https://shop.example.com/late', true, NULL),
  (1012, 'https://shop.example.com/discarded', true, NULL),
  (1013, 'https://www.shop.example.com/www', true, NULL),
  (1014, 'https://shop.example.com:443/query?x=1', true, NULL), (1015, 'https://shop.example.com/query/more', true, NULL),
  (1016, 'https://shop.example.com/once', true, NULL), (1017, 'https://shop.example.com/once', false, NULL),
  (1018, 'https://shop.example.com/none', true, '{NULL,""}'), (1019, 'https://shop.example.com/nothing', true, '{}');
-- One whose list of events is longer than any message.
INSERT INTO hooks.subscribers SELECT 1020, 'https://shop.example.com/long', true, array_agg('order.' || n) || '{order.paid,order.created}'
  FROM generate_series(1, 100000) AS n;

-- What was sent: 40 deliveries, of which the one before the last took two attempts.
INSERT INTO hooks.outbox (subscriber, topic, sent, answer, made, tried)
  SELECT 1001, 'order.paid', true, 204, now() - n * interval '10 minutes', now() - n * interval '10 minutes' FROM generate_series(1, 40) AS n;
INSERT INTO hooks.outbox (subscriber, topic, sent, given_up, answer, made, tried) VALUES
  (1001, 'order.paid', false, true, 500, now() - interval '30 hours', now() - interval '25 hours'),
  (1008, 'order.paid', true, false, 200, now() - interval '3 hours', now() - interval '3 hours'),
  (1008, 'order.paid', false, false, 401, now() - interval '2 hours', now() - interval '1 minute'),
  (1009, 'order.paid', false, true, 503, now() - interval '20 hours', now() - interval '10 hours'),
  (1009, 'order.paid', true, false, 200, now() - interval '1 hour', now() - interval '1 hour'),
  -- Given up after two days of attempts, and without any.
  (1011, 'order.paid', false, true, NULL, now() - interval '50 hours', now() - interval '2 hours'),
  (1012, 'order.paid', false, true, NULL, now() - interval '1 hour', NULL);
-- Nobody sends these: a backlog of five hundred.
INSERT INTO hooks.outbox (subscriber, topic, made) SELECT 1010, 'order.paid', now() - n * interval '1 minute' FROM generate_series(1, 500) AS n;

CREATE VIEW hooks.endpoints AS SELECT target AS url, active AS enabled, topics AS events FROM hooks.subscribers;
CREATE VIEW hooks.deliveries AS
  SELECT s.target AS url, o.answer AS status, o.made AS created_at, o.tried AS attempted_at,
    CASE WHEN o.sent THEN 'delivered' WHEN o.given_up THEN 'dead' WHEN o.tried IS NULL THEN 'waiting' ELSE 'retrying' END AS state
  FROM hooks.outbox o JOIN hooks.subscribers s ON s.id = o.subscriber;

-- Views of other types that will do, and one that calls a function of the app, which finds its tables by itself.
CREATE DOMAIN hooks.address AS varchar;
CREATE DOMAIN hooks.topics AS text[];
CREATE VIEW hooks.domains AS SELECT url::hooks.address AS url, enabled, events::hooks.topics AS events FROM hooks.endpoints;
CREATE TABLE hook_words (word text);
INSERT INTO hook_words VALUES ('delivered');
CREATE FUNCTION hook_word() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT word FROM hook_words); END $$;
CREATE VIEW hooks.calling AS SELECT url, hook_word() AS state, status::numeric, created_at, attempted_at FROM hooks.deliveries;

-- Views with which something is wrong.
CREATE VIEW hooks.no_events AS SELECT url, enabled FROM hooks.endpoints;
CREATE VIEW hooks.one_event AS SELECT url, enabled, 'order.paid'::text AS events FROM hooks.endpoints;
CREATE VIEW hooks.no_zone AS SELECT url, status::text, state, created_at::timestamp AS created_at, attempted_at FROM hooks.deliveries;
CREATE VIEW hooks.other_words AS SELECT url, status, 'ok'::text AS state, created_at, attempted_at FROM hooks.deliveries;
CREATE VIEW hooks.no_words AS SELECT url, status, NULL::text AS state, created_at, attempted_at FROM hooks.deliveries;
CREATE VIEW hooks.withheld AS SELECT * FROM hooks.endpoints;
CREATE VIEW hooks.foreign AS SELECT * FROM hooks.endpoints;
ALTER VIEW hooks.foreign OWNER TO keeper;
CREATE VIEW hooks.dividing AS SELECT url, (1 / (length(url) - length(url))) = 1 AS enabled, events FROM hooks.endpoints;
CREATE VIEW hooks.writing AS SELECT url, leave_trace() AS enabled, events FROM hooks.endpoints;
CREATE VIEW hooks.swamp AS SELECT url, (SELECT pg_sleep(60)) IS NOT NULL AS enabled, events FROM hooks.endpoints;
CREATE SCHEMA locked;
CREATE VIEW locked.endpoints AS SELECT * FROM hooks.endpoints;

GRANT USAGE ON SCHEMA hooks TO checker;
GRANT SELECT ON hook_words, hooks.endpoints, hooks.deliveries, hooks.domains, hooks.calling, hooks.no_events, hooks.one_event, hooks.no_zone,
  hooks.other_words, hooks.no_words, hooks.foreign, hooks.dividing, hooks.writing, hooks.swamp, locked.endpoints TO checker;
