// What oidc-provider is configured to do: one client (the shop), code with PKCE, refresh tokens that rotate at each use,
// revocation, and sign-out started by the shop.

import { logoutPage, pageOf } from "./pages.mjs";

export function configurationOf({ settings, users, records, keys }) {
  return {
    adapter: records.adapter,
    clients: [clientOf(settings)],
    jwks: keys.jwks,
    cookies: { keys: keys.cookies },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    conformIdTokenClaims: false, // the ID token holds e-mail and name, as with Cognito
    scopes: ["openid", "email", "profile", "offline_access"],
    responseTypes: ["code"],
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => show(context, logoutPage(form, settings.shopOrigin)),
        postLogoutSuccessSource: (context) => show(context, pageOf({ title: "You are signed out" })),
      },
    },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => accountOf(users.byId(id)),
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: () => true,
    loadExistingGrant,
    renderError: (context, { error, error_description: reason }) => sendFailure(context, error, reason),
    ttl: {
      AccessToken: settings.accessTtl_s,
      AuthorizationCode: 60,
      IdToken: settings.accessTtl_s,
      RefreshToken: settings.refreshTtl_s,
      Interaction: 3_600,
      Session: settings.sessionTtl_s,
      Grant: settings.sessionTtl_s,
    },
  };
}

function clientOf({ clientId, clientSecret, shopOrigin }) {
  return {
    client_id: clientId,
    ...(clientSecret
      ? { client_secret: clientSecret, token_endpoint_auth_method: "client_secret_basic" }
      : { token_endpoint_auth_method: "none" }),
    redirect_uris: [`${shopOrigin}/auth/callback`],
    post_logout_redirect_uris: [`${shopOrigin}/`],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
}

function accountOf(user) {
  if (!user) return undefined;
  return {
    accountId: user.id,
    claims: () => ({ sub: user.id, email: user.email, email_verified: false, name: user.name }),
  };
}

/** The shop is the provider's own client, so no consent is needed: the grant is made at sign-in. */
async function loadExistingGrant(context) {
  const { oidc } = context;
  const known = oidc.session.grantIdFor(oidc.client.clientId);
  const found = known && (await oidc.provider.Grant.find(known));
  const grant = found || new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope("openid email profile offline_access");
  await grant.save();
  return grant;
}

function sendFailure(context, error, reason) {
  console.warn(`${context.method} ${context.path}: ${error}: ${reason}`);
  show(context, pageOf({ title: "This request was refused", body: "<p>Go back to the shop and try again.</p>" }));
}

function show(context, { html, headers }) {
  context.set(headers);
  context.body = html;
}
