CREATE ROLE catalog LOGIN; CREATE ROLE cart LOGIN; CREATE ROLE checkout LOGIN; CREATE ROLE payment LOGIN;
CREATE ROLE shipping LOGIN; CREATE ROLE nightly LOGIN;
CREATE ROLE ops LOGIN; CREATE ROLE metrics LOGIN IN ROLE pg_monitor;

CREATE TABLE products (
    id int PRIMARY KEY, name text NOT NULL, category text NOT NULL, price numeric(10, 2) NOT NULL, description text NOT NULL
);
CREATE TABLE stock (
    product_id int PRIMARY KEY REFERENCES products, warehouse text NOT NULL, on_hand int NOT NULL CHECK (on_hand >= 0)
);
CREATE TABLE reviews (id bigserial PRIMARY KEY, product_id int NOT NULL, stars int NOT NULL, body text NOT NULL);
CREATE TABLE popularity (product_id int PRIMARY KEY, sold bigint NOT NULL);
CREATE TABLE feature_flags (name text PRIMARY KEY, enabled boolean NOT NULL);
CREATE TABLE orders (
    id bigserial PRIMARY KEY, user_id int NOT NULL, idempotency_key text NOT NULL UNIQUE, status text NOT NULL,
    total numeric(10, 2) NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_user_id ON orders (user_id);
CREATE TABLE order_items (order_id bigint NOT NULL, product_id int NOT NULL, quantity int NOT NULL);
CREATE TABLE price_history (product_id int NOT NULL, at timestamptz NOT NULL, price numeric(10, 2) NOT NULL);
CREATE TABLE shipping_rates (carrier text NOT NULL, pieces_up_to int NOT NULL, fee numeric(10, 2) NOT NULL);
CREATE TABLE payments (
    id bigserial PRIMARY KEY, order_id bigint NOT NULL, amount numeric(10, 2) NOT NULL, status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

SELECT setseed(0.42);
INSERT INTO products
SELECT i, (ARRAY['Oak', 'Steel', 'Linen', 'Glass', 'Wool', 'Cork', 'Brass', 'Clay'])[1 + i % 8] || ' '
       || (ARRAY['lamp', 'chair', 'mug', 'blanket', 'shelf', 'clock', 'vase', 'basket', 'mirror'])[1 + i % 9] || ' ' || i,
       (ARRAY['kitchen', 'living', 'bedroom', 'garden', 'office'])[1 + i % 5],
       (5 + random() * 195)::numeric(10, 2), repeat('Made to last, and to be repaired. ', 3)
FROM generate_series(1, 400) AS i;
INSERT INTO stock SELECT id, CASE WHEN id % 5 = 0 THEN 'south' ELSE 'north' END, 100000 FROM products;
INSERT INTO reviews (product_id, stars, body)
SELECT 1 + (random() * 399)::int, 1 + (random() * 4)::int,
       md5(i::text) || ' arrived quickly, well packed, and looks as it does in the picture ' || md5((i * 7)::text)
FROM generate_series(1, 60000) AS i;
INSERT INTO feature_flags VALUES ('free_shipping_banner', false), ('new_search_ranking', false);
INSERT INTO orders (user_id, idempotency_key, status, total)
SELECT 1 + i % 3000, 'h' || i, 'paid', (10 + random() * 200)::numeric(10, 2) FROM generate_series(1, 60000) AS i;
INSERT INTO order_items
SELECT 1 + i / 10, 1 + (399 * random() * random())::int, 1 + (random() * 2)::int FROM generate_series(0, 599999) AS i;
CREATE INDEX order_items_order_id ON order_items (order_id);
INSERT INTO price_history
SELECT 1 + i % 400, now() - make_interval(hours => i / 200), (5 + random() * 195)::numeric(10, 2)
FROM generate_series(0, 499999) AS i;
CREATE INDEX price_history_product_id ON price_history (product_id, at);
CREATE INDEX reviews_product_id ON reviews (product_id, id);
INSERT INTO shipping_rates VALUES
    ('post', 2, 4.90), ('post', 5, 6.90), ('parcel', 8, 9.50), ('parcel', 12, 14.00), ('courier', 12, 19.90);

GRANT ALL ON ALL TABLES IN SCHEMA public TO catalog, cart, checkout, payment, shipping, nightly, ops;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO catalog, cart, checkout, payment, shipping, nightly, ops;
ALTER TABLE orders OWNER TO ops; ALTER TABLE order_items OWNER TO ops; ALTER TABLE price_history OWNER TO ops;
VACUUM ANALYZE;
CHECKPOINT;
