"""Assets: a private bucket with the shop's pictures and the tracker, served by CloudFront.

`clickstream deploy` uploads them. A script with a hash in its name never changes, so browsers keep it for a year;
clickstream.js is checked again after an hour, pictures after a day.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names
from infra.parts.bucket import bucket
from infra.parts.policy import accept

CACHED: Mapping[str, str] = {
    "/clickstream.js": "public, max-age=3600",
    "/clickstream.*.js": "public, max-age=31536000, immutable",
}
CACHED_PICTURES = "public, max-age=86400"
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
SCRIPT_POLICY = "default-src 'none'"


class Assets(Construct):
    """The bucket and its distribution."""

    def __init__(self, scope: Construct, name: str, *, access_logs: s3.IBucket) -> None:
        super().__init__(scope, name)
        old = s3.LifecycleRule(
            id="old-versions",
            noncurrent_version_expiration=Duration.days(7),
            abort_incomplete_multipart_upload_after=Duration.days(1),
            expired_object_delete_marker=True,
        )
        self.bucket = bucket(self, "Bucket", names.ASSETS_BUCKET, access_logs=access_logs, lifecycle_rules=[old])
        origin = origins.S3BucketOrigin.with_origin_access_control(self.bucket)
        scripts = {
            path: self._behavior(origin, f"Script{number}", SCRIPT_POLICY, cached)
            for number, (path, cached) in enumerate(CACHED.items(), 1)
        }
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Clickstream: pictures of the shop and the tracker",
            default_behavior=self._behavior(origin, "Pictures", PICTURE_POLICY, CACHED_PICTURES),
            additional_behaviors=scripts,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_200,
        )
        self.url = f"https://{self.distribution.distribution_domain_name}"
        accept(self.distribution, ACCEPTED)

    def _behavior(
        self, origin: cloudfront.IOrigin, name: str, content_policy: str, cached: str
    ) -> cloudfront.BehaviorOptions:
        headers = cloudfront.ResponseHeadersPolicy(
            self,
            f"{name}Headers",
            comment=f"Clickstream: {name}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=content_policy, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(730), include_subdomains=True, override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header="Cache-Control", value=cached, override=True),
                    cloudfront.ResponseCustomHeader(
                        header="Cross-Origin-Resource-Policy", value="cross-origin", override=True
                    ),
                ]
            ),
        )
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=headers,
        )


ACCEPTED = {
    "AwsSolutions-CFR1": "The pictures and the tracker are for visitors of every country.",
    "AwsSolutions-CFR2": "A firewall costs more than all other parts; the files are static and public.",
    "AwsSolutions-CFR3": "The files are public, and their access log would hold addresses of visitors for no purpose.",
    "AwsSolutions-CFR4": "CloudFront decides the protocols of its own certificate; a custom domain would change that.",
}
