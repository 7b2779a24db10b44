"""Sign-in: a Cognito user pool with managed login, and the shop's client.

The client uses the authorization code with PKCE and has no secret, so that none can leak. Errors of sign-in are the
same for unknown and known users. The client cannot send passwords itself: only the managed pages take them.
"""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from clickstream.cloud import names
from infra.parts.policy import accept

MIN_PASSWORD_CHARACTERS = 12
TOKEN_UNITS = {"access_token": "hours", "id_token": "hours", "refresh_token": "days"}


class SignIn(Construct):
    """The user pool, its domain, its pages, and the client of the shop."""

    def __init__(self, scope: Construct, name: str, *, stack: str, shop_origin: str) -> None:
        super().__init__(scope, name)
        self.pool = self._pool()
        accept(self.pool, ACCEPTED)
        self.issuer = f"https://cognito-idp.{Aws.REGION}.amazonaws.com/{self.pool.user_pool_id}"
        self.domain = cognito.CfnUserPoolDomain(
            self,
            "Domain",
            user_pool_id=self.pool.user_pool_id,
            domain=f"{stack.lower()}-{Aws.ACCOUNT_ID}",
            managed_login_version=2,
        )
        self.client = self._client(shop_origin)
        pages = cognito.CfnManagedLoginBranding(
            self,
            "Pages",
            user_pool_id=self.pool.user_pool_id,
            client_id=self.client.ref,
            use_cognito_provided_values=True,
        )
        pages.node.add_dependency(self.domain)

    def _pool(self) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "Pool",
            user_pool_name=names.USER_POOL,
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            keep_original=cognito.KeepOriginalAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(
                min_length=MIN_PASSWORD_CHARACTERS,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(1),
            ),
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _client(self, shop_origin: str) -> cognito.CfnUserPoolClient:
        return cognito.CfnUserPoolClient(
            self,
            "Shop",
            user_pool_id=self.pool.user_pool_id,
            client_name=names.SHOP,
            generate_secret=False,
            allowed_o_auth_flows_user_pool_client=True,
            allowed_o_auth_flows=["code"],
            allowed_o_auth_scopes=["openid", "email", "profile"],
            callback_ur_ls=[f"{shop_origin}/auth/callback"],
            logout_ur_ls=[f"{shop_origin}/"],
            supported_identity_providers=["COGNITO"],
            explicit_auth_flows=["ALLOW_REFRESH_TOKEN_AUTH"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            auth_session_validity=5,
            access_token_validity=1,
            id_token_validity=1,
            refresh_token_validity=30,
            token_validity_units=cognito.CfnUserPoolClient.TokenValidityUnitsProperty(**TOKEN_UNITS),
        )


ACCEPTED = {
    "AwsSolutions-COG2": "A second factor is offered; customers of a shop cannot be made to use one.",
    "AwsSolutions-COG8": "The Plus plan is billed for each active user.",
}
