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
  (1011, 'https://shop.example.com/odd', true, NULL);

-- What was sent: 40 deliveries, of which the one before the last took two attempts.
INSERT INTO hooks.outbox (subscriber, topic, sent, answer, made, tried)
  SELECT 1001, 'order.paid', true, 204, now() - n * interval '10 minutes', now() - n * interval '10 minutes' FROM generate_series(1, 40) AS n;
INSERT INTO hooks.outbox (subscriber, topic, sent, given_up, answer, made, tried) VALUES
  (1001, 'order.paid', false, true, 500, now() - interval '30 hours', now() - interval '25 hours'),
  (1008, 'order.paid', true, false, 200, now() - interval '3 hours', now() - interval '3 hours'),
  (1008, 'order.paid', false, false, 401, now() - interval '2 hours', now() - interval '1 minute'),
  (1009, 'order.paid', false, true, 503, now() - interval '20 hours', now() - interval '10 hours'),
  (1009, 'order.paid', true, false, 200, now() - interval '1 hour', now() - interval '1 hour');
-- Nobody sends these: a backlog of five hundred.
INSERT INTO hooks.outbox (subscriber, topic, made) SELECT 1010, 'order.paid', now() - n * interval '1 minute' FROM generate_series(1, 500) AS n;

CREATE VIEW hooks.endpoints AS SELECT target AS url, active AS enabled, topics AS events FROM hooks.subscribers;
CREATE VIEW hooks.deliveries AS
  SELECT s.target AS url, o.answer AS status, o.made AS created_at, o.tried AS attempted_at,
    CASE WHEN o.sent THEN 'delivered' WHEN o.given_up THEN 'dead' WHEN o.tried IS NULL THEN 'waiting' ELSE 'retrying' END AS state
  FROM hooks.outbox o JOIN hooks.subscribers s ON s.id = o.subscriber;

-- Views with which something is wrong.
CREATE VIEW hooks.no_events AS SELECT url, enabled FROM hooks.endpoints;
CREATE VIEW hooks.one_event AS SELECT url, enabled, 'order.paid'::text AS events FROM hooks.endpoints;
CREATE VIEW hooks.no_zone AS SELECT url, status, state, created_at::timestamp AS created_at, attempted_at FROM hooks.deliveries;
CREATE VIEW hooks.other_words AS SELECT url, status, 'ok'::text AS state, created_at, attempted_at FROM hooks.deliveries;
CREATE VIEW hooks.withheld AS SELECT * FROM hooks.endpoints;
CREATE VIEW hooks.dividing AS SELECT url, (1 / (length(url) - length(url))) = 1 AS enabled, events FROM hooks.endpoints;
CREATE VIEW hooks.swamp AS SELECT url, (SELECT pg_sleep(60)) IS NOT NULL AS enabled, events FROM hooks.endpoints;
CREATE SCHEMA locked;
CREATE VIEW locked.endpoints AS SELECT * FROM hooks.endpoints;

GRANT USAGE ON SCHEMA hooks TO checker;
GRANT SELECT ON hooks.endpoints, hooks.deliveries, hooks.no_events, hooks.one_event, hooks.no_zone, hooks.other_words, hooks.dividing, hooks.swamp,
  locked.endpoints TO checker;
