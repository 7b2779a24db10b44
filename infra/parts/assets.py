"""Assets: a private bucket with the shop's pictures and the tracker, served by CloudFront.

`clickstream deploy` uploads them with how long they may be cached: a script with a hash in its name
for a year, clickstream.js for an hour, pictures for a day. CloudFront and browsers follow that.
"""

from __future__ import annotations

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from clickstream.cloud import names
from infra.parts.bucket import bucket
from infra.parts.policy import accept

SCRIPTS = "*.js"
SCRIPT_POLICY = "default-src 'none'"
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG picture that is opened as a page can neither run scripts nor load anything."""


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
        # Accounts have one list of these settings for all regions.
        self._global_prefix = f"{Stack.of(self).stack_name}-{Aws.REGION}-"
        control = cloudfront.S3OriginAccessControl(
            self, "AccessControl", origin_access_control_name=f"{self._global_prefix}Assets"
        )
        origin = origins.S3BucketOrigin.with_origin_access_control(self.bucket, origin_access_control=control)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Clickstream: pictures of the shop and the tracker",
            default_behavior=self._behavior(origin, "Pictures", PICTURE_POLICY),
            additional_behaviors={SCRIPTS: self._behavior(origin, "Scripts", SCRIPT_POLICY)},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_200,
        )
        self.url = f"https://{self.distribution.distribution_domain_name}"
        accept(self.distribution, ACCEPTED)

    def _behavior(self, origin: cloudfront.IOrigin, name: str, content_policy: str) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=self._headers(name, content_policy),
        )

    def _headers(self, name: str, content_policy: str) -> cloudfront.ResponseHeadersPolicy:
        """Make the headers: pages of any origin may load the files, also with an integrity attribute."""
        shared = cloudfront.ResponseCustomHeader(
            header="Cross-Origin-Resource-Policy", value="cross-origin", override=True
        )
        return cloudfront.ResponseHeadersPolicy(
            self,
            f"{name}Headers",
            response_headers_policy_name=f"{self._global_prefix}{name}",
            comment=f"Clickstream: {name}",
            cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
                access_control_allow_credentials=False,
                access_control_allow_headers=["*"],
                access_control_allow_methods=["GET", "HEAD"],
                access_control_allow_origins=["*"],
                origin_override=True,
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(custom_headers=[shared]),
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
        )


ACCEPTED = {
    "AwsSolutions-CFR1": "The pictures and the tracker are for visitors of every country.",
    "AwsSolutions-CFR2": "A firewall costs more than all other parts; the files are static and public.",
    "AwsSolutions-CFR3": "The files are public, and their access log would hold addresses of visitors for no purpose.",
    "AwsSolutions-CFR4": "CloudFront fixes the protocols of its default certificate; a custom domain changes them.",
}
