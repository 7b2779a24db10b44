# shellcheck shell=bash disable=SC2034
# Names that the platform's other parts know as well: src/clickstream/cloud/names.py. A test compares the two.

WAREHOUSE_DATABASE=clickstream_dw
WEB_DATABASE=clickstream_web
WEB_ADDRESS=10.0.0.10
POSTGRES_PORT=5432

# Parameters in SSM, below INSTANCE_PARAMETERS.
WAREHOUSE_CA=warehouse/ca
ETL_PASSWORD=warehouse/etl/password
WEB_CA=web/ca
SHOP_CA=web/shop/ca
SHOP_PASSWORD=web/shop/password
SHOP_CERTIFICATE=web/shop/certificate
SHOP_KEY=web/shop/key
SHOP_SECRET=web/shop/secret
TRUTH_PASSWORD=web/truth/password
TRUTH_CERTIFICATE=web/truth/certificate
TRUTH_KEY=web/truth/key

# Below the raw bucket.
DUMPS_PREFIX=dumps/
