"""Buckets, CloudFront, sign-in, and the shop on Amplify."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.template import Resource, Template

pytestmark = pytest.mark.slow

SHOP = "https://main.{Shop/App.DefaultDomain}"


def buckets(template: Template) -> dict[str, Resource]:
    return {each.path: each for each in template.of("AWS::S3::Bucket")}


def test_the_buckets_have_their_names(template: Template) -> None:
    assert {path: each.properties["BucketName"] for path, each in buckets(template).items()} == {
        "Ingestion/Raw": "clickstream-s3-ingest-ACCOUNT-REGION",
        "Assets/Bucket": "clickstream-s3-sbw-ACCOUNT-REGION",
        "AccessLogs": "clickstream-s3-logs-ACCOUNT-REGION",
    }


@pytest.mark.parametrize("path", ["Ingestion/Raw", "Assets/Bucket", "AccessLogs"])
def test_a_bucket_is_private_encrypted_and_reached_by_tls_only(path: str, template: Template) -> None:
    bucket = template.at(path).properties
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "AES256" in str(bucket["BucketEncryption"])
    policy = template.at(f"{path}/Policy").properties["PolicyDocument"]["Statement"]
    denied = [each for each in policy if each["Effect"] == "Deny"]
    assert all(each["Action"] == "s3:*" and each["Principal"] == {"AWS": "*"} for each in denied)
    assert [each["Condition"] for each in denied] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": 1.2}},
    ]
    allowed = [each for each in policy if each["Effect"] == "Allow"]
    assert all(set(each["Principal"]) == {"Service"} and each["Condition"] for each in allowed)


def rules(bucket: Resource) -> dict[str, dict[str, Any]]:
    return {rule["Id"]: rule for rule in bucket.properties["LifecycleConfiguration"]["Rules"]}


def test_the_raw_bucket_keeps_events_and_drops_what_is_old(template: Template) -> None:
    raw = template.at("Ingestion/Raw")
    assert raw.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert raw.properties["LoggingConfiguration"]["DestinationBucketName"] == "{AccessLogs}"
    found = rules(raw)
    assert found["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert found["old-versions"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in found.values() if "ExpirationInDays" in rule}
    assert expiring == {"rejected/": 30, "dumps/": 14}


def test_cloudfront_alone_reads_the_assets(template: Template) -> None:
    statements = template.at("Assets/Bucket/Policy").properties["PolicyDocument"]["Statement"]
    (allowed,) = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    source = "arn:aws:cloudfront::ACCOUNT:distribution/{Assets/Distribution}"
    assert allowed["Condition"] == {"StringEquals": {"AWS:SourceArn": source}}
    control = template.only("AWS::CloudFront::OriginAccessControl").properties["OriginAccessControlConfig"]
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")


def test_assets_have_security_headers_and_keep_how_long_they_may_be_cached(template: Template) -> None:
    config = template.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
    behaviors = {"*": config["DefaultCacheBehavior"]} | {each["PathPattern"]: each for each in config["CacheBehaviors"]}
    policies = {"*": "default-src 'none'; style-src 'unsafe-inline'; sandbox", "*.js": "default-src 'none'"}
    assert set(behaviors) == set(policies)
    for pattern, behavior in behaviors.items():
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        assert behavior["AllowedMethods"] == ["GET", "HEAD"]
        assert behavior["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"  # of AWS: as the objects say
        headers = template.at(behavior["ResponseHeadersPolicyId"].strip("{}")).properties["ResponseHeadersPolicyConfig"]
        security = headers["SecurityHeadersConfig"]
        assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 86_400
        assert security["ContentSecurityPolicy"]["ContentSecurityPolicy"] == policies[pattern]
        assert security["ContentTypeOptions"] == {"Override": True}
        custom = {each["Header"]: each["Value"] for each in headers["CustomHeadersConfig"]["Items"]}
        assert custom == {"Cross-Origin-Resource-Policy": "cross-origin"}
        assert headers["CorsConfig"]["AccessControlAllowCredentials"] is False


def test_the_user_pool_does_not_reveal_users_and_demands_long_passwords(template: Template) -> None:
    pool = template.only("AWS::Cognito::UserPool").properties
    assert pool["UserPoolName"] == "clickstream-users"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert pool.get("DeletionProtection", "INACTIVE") == "INACTIVE"
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    client = template.only("AWS::Cognito::UserPoolClient").properties
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_the_client_of_the_shop_uses_the_code_flow_without_a_secret(template: Template) -> None:
    client = template.only("AWS::Cognito::UserPoolClient").properties
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["GenerateSecret"] is False
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["CallbackURLs"] == [f"{SHOP}/auth/callback"]
    assert client["LogoutURLs"] == [f"{SHOP}/"]
    assert client["AllowedOAuthScopes"] == ["openid", "email", "profile"]
    assert template.only("AWS::Cognito::UserPoolDomain").properties["ManagedLoginVersion"] == 2
    branding = template.only("AWS::Cognito::ManagedLoginBranding").properties
    assert branding["UseCognitoProvidedValues"] is True


def test_the_shop_is_hosted_without_repository_and_token(template: Template) -> None:
    app = template.only("AWS::Amplify::App").properties
    assert (app["Name"], app["Platform"]) == ("ClickSteam.NextJS", "WEB_COMPUTE")
    assert app["ComputeRoleArn"] == "{Shop/ComputeRole.Arn}"
    assert {"Repository", "AccessToken", "OauthToken", "EnvironmentVariables"}.isdisjoint(app)
    branch = template.only("AWS::Amplify::Branch").properties
    assert (branch["BranchName"], branch["EnableAutoBuild"]) == ("main", False)


def test_the_environment_of_the_shop_has_addresses_and_no_secret(template: Template) -> None:
    branch = template.only("AWS::Amplify::Branch").properties
    environment = {each["Name"]: each["Value"] for each in branch["EnvironmentVariables"]}
    database = "postgresql://shop@{WebDatabase/Address.PublicIp}:5432/clickstream_web?sslmode=verify-full"
    assert environment == {
        "CLICKSTREAM_WEB_DB_URL": database,
        "CLICKSTREAM_WEB_SECRETS": "/clickstream/web/shop",
        "CLICKSTREAM_COLLECTOR_URL": "{Ingestion/Api.ApiEndpoint}",
        "SHOP_ORIGIN": SHOP,
        "AUTH_ISSUER": "https://cognito-idp.REGION.amazonaws.com/{SignIn/Pool}",
        "AUTH_CLIENT_ID": "{SignIn/Shop}",
        "ASSETS_URL": "https://{Assets/Distribution.DomainName}",
    }
