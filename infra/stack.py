"""The stack: which part gets what from which.

The order avoids circles: the shop's app has a domain before anything needs it, and gets its environment last.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from clickstream.cloud import names
from infra.options import Options
from infra.parts.assets import Assets
from infra.parts.bucket import access_log_bucket
from infra.parts.budget import Budget
from infra.parts.bundle import Bundle
from infra.parts.etl import Etl
from infra.parts.ingestion import Ingestion
from infra.parts.network import Network
from infra.parts.operations import Operations
from infra.parts.shop import Shop
from infra.parts.sign_in import SignIn
from infra.parts.warehouse import Warehouse, warehouse_statements
from infra.parts.web_database import WebDatabase, web_statements


class ClickstreamStack(Stack):
    """Everything that the platform has on AWS."""

    def __init__(self, scope: Construct, name: str, *, options: Options, **settings: Any) -> None:
        super().__init__(scope, name, **settings)
        access_logs = access_log_bucket(self)
        self._shop = Shop(self, "Shop")
        origins = [self._shop.origin, *options.shop_origins]
        self._ingestion = Ingestion(self, "Ingestion", options=options, access_logs=access_logs, origins=origins)
        self._assets = Assets(self, "Assets", access_logs=access_logs)
        self._sign_in = SignIn(self, "SignIn", stack=name, shop_origin=self._shop.origin)
        self._network = Network(self, "Network", has_ec2messages=options.has_ec2messages)
        self._warehouse = Warehouse(self, "Warehouse", network=self._network)
        self._web = WebDatabase(self, "WebDatabase", network=self._network, cidrs=options.database_cidrs)
        self._etl = Etl(
            self,
            "Etl",
            options=options,
            network=self._network,
            raw=self._ingestion.raw,
            own_hosts=[self._shop.host, *(origin.partition("://")[2] for origin in options.shop_origins)],
        )
        self._connect()
        bundle = Bundle(self, "Bundle", folder=options.packages / "instance")
        instances = self._launch(bundle) if options.has_instances else {}
        self._shop.publish_to(self._shop_environment())
        Operations(
            self,
            "Operations",
            ingestion=self._ingestion,
            etl=self._etl,
            instances=instances,
            email=options.alarm_email,
        )
        if options.alarm_email and options.has_budget:
            Budget(self, "Budget", limit_usd=options.budget_usd, email=options.alarm_email)
        Tags.of(self).add(names.TAG, names.TAG_VALUE)
        Tags.of(self).add(names.REGION_TAG, Aws.REGION)
        self._print()

    def _connect(self) -> None:
        """Say who may connect to which database, and which objects pass the endpoint of the private subnet."""
        self._warehouse.admit(self._etl.group, "The ETL function")
        self._web.admit(self._warehouse.group)
        raw, dumps = self._ingestion.raw, f"{names.DUMPS_PREFIX}warehouse/*"
        self._network.allow_bucket(["s3:GetObject"], [raw.arn_for_objects("events/*")])
        self._network.allow_bucket(["s3:ListBucket"], [raw.bucket_arn])
        self._network.allow_bucket(["s3:PutObject"], [raw.arn_for_objects(dumps)])

    def _launch(self, bundle: Bundle) -> dict[str, ec2.CfnInstance]:
        """Launch both instances; the hourly rule waits for the warehouse."""
        self._network.allow_bucket(["s3:GetObject"], [bundle.object_arn])
        raw, collector = self._ingestion.raw, self._ingestion.api.api_endpoint
        warehouse = self._warehouse.launch(
            bundle, warehouse_statements(raw), raw_bucket=raw.bucket_name, collector_url=collector
        )
        web = self._web.launch(
            bundle,
            web_statements(raw),
            raw_bucket=raw.bucket_name,
            collector_url=collector,
            public_address=self._web.address.attr_public_ip,
        )
        web.node.add_dependency(self._web.association)
        self._etl.rule.node.add_dependency(self._warehouse.ready)
        return {names.WAREHOUSE_INSTANCE: warehouse, names.WEB_INSTANCE: web}

    def _shop_environment(self) -> dict[str, str]:
        address = f"{self._web.address.attr_public_ip}:{names.POSTGRES_PORT}"
        return {
            "CLICKSTREAM_WEB_DB_URL": f"postgresql://shop@{address}/{names.WEB_DATABASE}?sslmode=verify-full",
            "CLICKSTREAM_WEB_SECRETS": names.SHOP_PARAMETERS,
            "CLICKSTREAM_COLLECTOR_URL": self._ingestion.api.api_endpoint,
            "SHOP_ORIGIN": self._shop.origin,
            "AUTH_ISSUER": self._sign_in.issuer,
            "AUTH_CLIENT_ID": self._sign_in.client.ref,
            "ASSETS_URL": self._assets.url,
        }

    def _print(self) -> None:
        outputs = {
            "CollectorUrl": self._ingestion.api.api_endpoint,
            "ShopUrl": self._shop.origin,
            "AssetsUrl": self._assets.url,
            "AuthIssuer": self._sign_in.issuer,
            "AuthClientId": self._sign_in.client.ref,
            "SignInUrl": f"https://{self._sign_in.domain.ref}.auth.{Aws.REGION}.amazoncognito.com",
            "RawBucket": self._ingestion.raw.bucket_name,
            "AssetsBucket": self._assets.bucket.bucket_name,
            "ShopAppId": self._shop.app.attr_app_id,
            "WebAddress": self._web.address.attr_public_ip,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
