//! Headers that every response carries: what a browser may do with it, and who may read it.

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::settings::Cors;

/// Everything from this server, nothing from elsewhere. The player needs `blob:` media, the QR code a `data:` image, what hides
/// backgrounds and noise WebAssembly (not `eval`).
const CSP: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; \
                   worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Camera and microphone for the page itself; nothing else a media page has no use for.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), \
                           picture-in-picture=(self), geolocation=(), payment=(), usb=(), serial=()";

static SECURITY: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // A room's URL may carry an access token.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

const CORS_METHODS: &str = "OPTIONS, GET, HEAD, POST, PATCH, DELETE";
const CORS_HEADERS: &str = "Authorization, Content-Type, If-Match, X-deadsfu-subuuid";
const CORS_EXPOSED: &str = "Location, Link, ETag, Retry-After, Accept-Post, Accept-Patch, WWW-Authenticate";
/// Chrome keeps a preflight for two hours at most.
const CORS_MAX_AGE_S: &str = "7200";

pub async fn add(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let origin = request.headers().get(ORIGIN).cloned();
    let signalling = is_signalling(request.uri().path());
    let mut response = next.run(request).await;
    app.metrics.count(&method, response.status());
    for (name, value) in &SECURITY {
        response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
    }
    if signalling {
        add_cors(response.headers_mut(), &app.settings.cors, origin.as_ref(), method == Method::OPTIONS);
    }
    response
}

/// Publishing and watching are open to pages of other origins; the rest of the API is for our own pages.
fn is_signalling(path: &str) -> bool {
    path.starts_with("/whip/") || path.starts_with("/whep/")
}

fn add_cors(headers: &mut HeaderMap, cors: &Cors, origin: Option<&HeaderValue>, preflight: bool) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let allowed = match cors {
        Cors::Any => HeaderValue::from_static("*"),
        Cors::Only(list) => match origin {
            Some(origin) if list.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) => origin.clone(),
            _ => return,
        },
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(CORS_EXPOSED));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(CORS_METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(CORS_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(CORS_MAX_AGE_S));
    }
}
