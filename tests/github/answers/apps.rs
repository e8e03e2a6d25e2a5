//! GitHub Apps, their installations and tokens; the rate limit.

use super::{Answer, Caller, Result, listed, not_found};
use crate::github::server::Asked;
use crate::github::state::{LIMIT, State, Token, WHEN, now};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn route(state: &mut State, asked: &Asked, segments: &[&str], caller: &Caller) -> Result {
    match (asked.method.as_str(), segments) {
        ("GET", ["rate_limit"]) => {
            let (remaining, reset) = match state.rate {
                Some(rate) => (rate.remaining, rate.reset),
                None if state.prefix.is_empty() => (LIMIT, now() + 3_600),
                None => return Err(Answer::error(404, "Rate limiting is not enabled.")),
            };
            let limit =
                json!({"limit": LIMIT, "remaining": remaining, "reset": reset, "used": LIMIT - remaining});
            Ok(Answer::json(200, json!({"resources": {"core": limit, "search": limit}, "rate": limit})))
        }
        ("GET", ["app"]) => {
            let app = caller.as_app.ok_or_else(not_found)?;
            let permissions = json!({
                "actions": "read", "checks": "write", "contents": "read", "metadata": "read", "pull_requests": "read",
            });
            let owner = json!({
                "login": "acme", "id": 1, "node_id": "x", "url": "https://api.github.com/orgs/acme",
                "avatar_url": "https://github.com/acme.png", "gravatar_id": "", "html_url": "https://github.com/acme",
                "followers_url": "https://x.invalid", "following_url": "https://x.invalid", "gists_url": "https://x.invalid",
                "starred_url": "https://x.invalid", "subscriptions_url": "https://x.invalid",
                "organizations_url": "https://x.invalid", "repos_url": "https://x.invalid",
                "events_url": "https://x.invalid", "received_events_url": "https://x.invalid",
                "type": "Organization", "site_admin": false,
            });
            Ok(Answer::json(
                200,
                json!({
                    "id": app, "slug": "tollgate", "node_id": "x", "owner": owner, "name": "Tollgate", "description": null,
                    "external_url": "https://tollgate.acme.example", "html_url": "https://github.com/apps/tollgate",
                    "created_at": WHEN, "updated_at": WHEN, "permissions": permissions, "events": state.app_events,
                }),
            ))
        }
        ("GET", ["app", "installations"]) => {
            let app = caller.as_app.ok_or_else(not_found)?;
            let installations = state.installations.iter().filter(|(_, (of, _))| *of == app);
            let ids: Vec<u64> = installations.map(|(id, _)| *id).collect();
            Ok(listed(state, asked, ids.into_iter().map(|id| installation_json(id, app)).collect()))
        }
        ("GET", ["installation", "repositories"]) => {
            let app = caller.token.app;
            let names: Vec<String> = state
                .installations
                .values()
                .filter(|(of, _)| *of == app)
                .map(|(_, name)| name.clone())
                .collect();
            let repositories: Vec<Value> = names
                .iter()
                .map(|name| super::repositories::repository_json(state, state.repo(name)))
                .collect();
            Ok(Answer::json(200, json!({"total_count": names.len(), "repositories": repositories})))
        }
        ("GET", ["app", "hook", "deliveries"]) => {
            caller.as_app.ok_or_else(not_found)?;
            let deliveries = state.deliveries.iter().map(|(id, event, status, at)| {
                json!({
                    "id": id, "guid": format!("guid-{id}"), "delivered_at": at,
                    "redelivery": false, "duration": 0.1, "status": "OK", "status_code": status, "event": event,
                    "action": null, "installation_id": null, "repository_id": null,
                })
            });
            Ok(listed(state, asked, deliveries.collect()))
        }
        ("POST", ["app", "hook", "deliveries", id, "attempts"]) => {
            caller.as_app.ok_or_else(not_found)?;
            let known = state.deliveries.iter().any(|(delivery, ..)| delivery.to_string() == *id);
            if known { Ok(Answer::json(202, json!({}))) } else { Err(not_found()) }
        }
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            let app = caller.as_app.ok_or_else(not_found)?;
            let id: u64 = id.parse().map_err(|_| not_found())?;
            let Some((of, full_name)) = state.installations.get(&id) else { return Err(not_found()) };
            if *of != app {
                return Err(not_found());
            }
            let body = asked.body.clone().unwrap_or_default();
            let name = full_name.split('/').nth(1).unwrap();
            let wanted = body["repositories"].as_array().cloned().unwrap_or_default();
            if wanted.iter().any(|repository| repository != name) {
                return Err(Answer::error(422, "a repository that the App is not installed in"));
            }
            let permissions: Option<BTreeMap<String, String>> =
                body["permissions"].as_object().map(|wanted| {
                    let plain = |(name, level): (&String, &Value)| {
                        (name.replace('_', "-"), level.as_str().unwrap().to_owned())
                    };
                    wanted.iter().map(plain).collect()
                });
            let token = format!("ghs_installation{:024}", state.new_id());
            let shown = json!({"token": token, "expires_at": WHEN, "permissions": body["permissions"].as_object().cloned().unwrap_or_default()});
            state.tokens.insert(token, Token { app, permissions });
            Ok(Answer::json(201, shown))
        }
        _ => Err(not_found()),
    }
}

pub(super) fn installation_of(state: &State, repo: &str, caller: &Caller) -> Result {
    let app = caller.as_app.ok_or_else(not_found)?;
    let found = state.installations.iter().find(|(_, (of, name))| *of == app && name == repo);
    let (id, _) = found.ok_or_else(not_found)?;
    Ok(Answer::json(200, installation_json(*id, app)))
}

fn installation_json(id: u64, app: u64) -> Value {
    json!({"id": id, "app_id": app, "repository_selection": "selected", "events": []})
}

/// The App whose key signed a token, if it is good now.
pub(super) fn app_of(state: &State, token: &str) -> Option<u64> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let json = |part: &str| -> Option<Value> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (head, claims) = (json(head)?, json(claims)?);
    let app: u64 = claims["iss"].as_str()?.parse().ok()?;
    let (issued, expires) = (claims["iat"].as_u64()?, claims["exp"].as_u64()?);
    let in_time = issued <= now() && expires > now() && expires - issued <= 600;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, state.apps.get(&app)?);
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    let good = head["alg"] == "RS256" && key.verify(signed.as_bytes(), &signature).is_ok();
    (good && in_time).then_some(app)
}
