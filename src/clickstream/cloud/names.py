"""What the parts of the platform are called on AWS. The infrastructure and the commands both read these names.

Names of buckets are shared by all accounts of AWS, so account and region are appended to them.
"""

from __future__ import annotations

STACK = "clickstream"
TAG = "Project"
TAG_VALUE = "clickstream"
REGION_TAG = "Region"
"""What is global (CloudFront, roles, the budget) names its region by this tag, or in its name."""

VPC = "SBW_Project_VPC"
VPC_CIDR = "10.0.0.0/16"
PUBLIC_CIDR = "10.0.0.0/20"
PRIVATE_CIDR = "10.0.128.0/20"

HTTP_API = "clickstream-http-api"
INGEST_FUNCTION = "clickstream-lambda-ingest"
RAW_BUCKET = "clickstream-s3-ingest"
ASSETS_BUCKET = "clickstream-s3-sbw"
LOGS_BUCKET = "clickstream-s3-logs"

WAREHOUSE_INSTANCE = "SBW_EC2_ShinyDWH"
WAREHOUSE_ADDRESS = "10.0.128.10"
WAREHOUSE_DATABASE = "clickstream_dw"
DASHBOARD_PORT = 3838
DASHBOARD_PATH = "/sbw_dashboard"
ETL_FUNCTION = "SBW_Lamda_ETL"
ETL_RULE = "SBW_ETL_HOURLY_RULE"

WEB_INSTANCE = "SBW_EC2_WebDB"
WEB_ADDRESS = "10.0.0.10"
WEB_DATABASE = "clickstream_web"
POSTGRES_PORT = 5432
SHOP = "ClickSteam.NextJS"
SHOP_BRANCH = "main"
USER_POOL = "clickstream-users"

PARAMETERS = "/clickstream"
"""Above all parameters in SSM. Those that end in password, key or secret are SecureStrings."""
BUNDLE = f"{PARAMETERS}/bundle"
"""Where the bundle of the instances is, and its hash (bundle.py): "s3://bucket/key hash"."""
WAREHOUSE_CA = f"{PARAMETERS}/warehouse/ca"
ETL_PASSWORD = f"{PARAMETERS}/warehouse/etl/password"
WEB_CA = f"{PARAMETERS}/web/ca"
SHOP_PARAMETERS = f"{PARAMETERS}/web/shop"
"""The shop's server reads these four and the CA: password, certificate, key, and secret (seals its cookies)."""
SHOP_PASSWORD = f"{SHOP_PARAMETERS}/password"
SHOP_CERTIFICATE = f"{SHOP_PARAMETERS}/certificate"
SHOP_KEY = f"{SHOP_PARAMETERS}/key"
SHOP_SECRET = f"{SHOP_PARAMETERS}/secret"
SHOP_CA = f"{SHOP_PARAMETERS}/ca"
TRUTH_PASSWORD = f"{PARAMETERS}/web/truth/password"
TRUTH_CERTIFICATE = f"{PARAMETERS}/web/truth/certificate"
TRUTH_KEY = f"{PARAMETERS}/web/truth/key"

DUMPS_PREFIX = "dumps/"
"""Daily dumps of the warehouse and of the shop, in the raw bucket: dumps/warehouse/YYYY-MM-DD.dump, dumps/web/…."""
LOG_DAYS = 14
BUDGET = "clickstream-monthly"
"""The budget has no tags that its API lists, so its name says what it belongs to."""
