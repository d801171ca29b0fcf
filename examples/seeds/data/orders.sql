-- Customers and their orders; the newest order is a few minutes old.
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL, phone text);
CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    created_at timestamptz NOT NULL,
    total numeric(10, 2) NOT NULL
);
INSERT INTO customers
SELECT n, 'customer' || n || '@shop.example', '+49 30 ' || n FROM generate_series(1, 200) n;
INSERT INTO orders
SELECT n, 1 + n % 200, now() - n * interval '5 minutes', (n % 90) + 0.99
FROM generate_series(1, 2000) n;
