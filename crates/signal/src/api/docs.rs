//! The OpenAPI document as a page: rendered here, once, without scripts, because the content security policy forbids
//! what the usual viewers load.

use std::fmt::Write as _;

use serde_json::Value;

pub fn render(openapi: &str) -> String {
    let doc: Value = serde_json::from_str(openapi).expect("the document is part of this crate and a test reads it");
    let mut page = String::with_capacity(32 * 1024);
    page.push_str(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Weir: HTTP API</title>\
         <link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body><main>\n<h1>The HTTP API</h1>\n",
    );
    paragraphs(&mut page, &doc["info"]["description"]);
    page.push_str("<p>For programs: <a href=\"/api/openapi.json\">openapi.json</a></p>\n");
    for tag in items(&doc["tags"]) {
        let _ = writeln!(page, "<h2>{}</h2>", text(&tag["name"]));
        paragraphs(&mut page, &tag["description"]);
        for (path, methods) in entries(&doc["paths"]) {
            for (method, operation) in entries(methods) {
                if operation["tags"][0] == tag["name"] {
                    render_operation(&mut page, path, method, operation);
                }
            }
        }
    }
    page.push_str("<h2>Shapes</h2>\n");
    for (name, schema) in entries(&doc["components"]["schemas"]) {
        render_schema(&mut page, name, schema);
    }
    page.push_str("</main></body></html>\n");
    page
}

fn render_operation(page: &mut String, path: &str, method: &str, operation: &Value) {
    let method = method.to_ascii_uppercase();
    let _ = writeln!(page, "<section><h3><b>{method}</b> <code>{}</code></h3>", escape(path));
    let _ = writeln!(page, "<p>{}. {}</p>", text(&operation["summary"]), text(&operation["description"]));
    if let Some((content_type, _)) = entries(&operation["requestBody"]["content"]).next() {
        let _ = writeln!(page, "<p>Body: <code>{}</code></p>", escape(content_type));
    }
    page.push_str("<table>");
    for parameter in items(&operation["parameters"]) {
        let (name, description) = (text(&parameter["name"]), text(&parameter["description"]));
        let _ = writeln!(page, "<tr><td><code>{name}</code></td><td>{description}</td></tr>");
    }
    for (status, response) in entries(&operation["responses"]) {
        let shape = entries(&response["content"]).next().map_or(String::new(), |(content_type, content)| {
            let schema = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            match schema {
                Some(name) => format!(" <a href=\"#{0}\">{0}</a>", escape(name)),
                None => format!(" <code>{}</code>", escape(content_type)),
            }
        });
        let _ =
            writeln!(page, "<tr><td>{}</td><td>{}{shape}</td></tr>", escape(status), text(&response["description"]));
    }
    page.push_str("</table></section>\n");
}

fn render_schema(page: &mut String, name: &str, schema: &Value) {
    let _ = writeln!(page, "<section id=\"{0}\"><h3><code>{0}</code></h3><table>", escape(name));
    for (field, property) in entries(&schema["properties"]) {
        let target = property["$ref"].as_str().or(property["items"]["$ref"].as_str());
        let kind = match target.and_then(|target| target.rsplit('/').next()) {
            Some(target) => format!(
                "<a href=\"#{0}\">{0}</a>{1}",
                escape(target),
                if property["items"].is_null() { "" } else { "[]" }
            ),
            None if property["enum"].is_array() => items(&property["enum"]).map(text).collect::<Vec<_>>().join(" | "),
            None => text(&property["type"]),
        };
        let description = text(&property["description"]);
        let _ = writeln!(page, "<tr><td><code>{}</code></td><td>{kind}</td><td>{description}</td></tr>", escape(field));
    }
    page.push_str("</table></section>\n");
}

fn paragraphs(page: &mut String, value: &Value) {
    for paragraph in value.as_str().unwrap_or_default().split("\n\n") {
        let _ = writeln!(page, "<p>{}</p>", escape(paragraph));
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod shapes;

#[cfg(test)]
mod tests {
    use super::*;

    const OPENAPI: &str = include_str!("openapi.json");

    #[test]
    fn the_page_shows_every_operation_and_needs_no_script_or_other_host() {
        let page = render(OPENAPI);
        for (path, _) in entries(&serde_json::from_str::<Value>(OPENAPI).unwrap()["paths"]) {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
        assert!(!page.contains("<script") && !page.contains("//cdn") && !page.contains(" style="));
    }
}
