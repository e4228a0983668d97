//! Patterns of requests: what they take, and that their relations hold.

use proptest::prelude::*;

use super::HttpPattern;
use crate::HttpRequest;

fn pattern(text: &str) -> HttpPattern {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn takes(text: &str, method: &str, url: &str) -> bool {
    HttpRequest::read(method, url).is_ok_and(|request| pattern(text).matches(&request))
}

#[test]
fn only_this_method_scheme_host_port_and_path() {
    let own = "GET https://api.example.com/v1/**";
    for url in [
        "https://api.example.com/v1",
        "https://api.example.com/v1/",
        "https://API.example.com.:443/v1/a/b?c=d",
        "https://api.example.com/x/../v1/a",
    ] {
        assert!(takes(own, "GET", url), "{url}");
    }
    for url in [
        "http://api.example.com/v1/a",
        "https://api.example.com:8443/v1/a",
        "https://api.example.com/v2/a",
        "https://api.example.com/v1x",
        "https://api.example.com//v1/a",
        "https://api.example.com/v1/../v2",
        "https://api.example.com/v1/%2e%2e/v2",
        "https://api.example.com/v1/%2e%2e%2fv2",
        "https://api.example.com/v1/..%2fv2",
        "https://api.example.com/v1/..%5cv2",
        "https://api.example.com/v1/%252e%252e%252fv2",
        "https://example.com/v1/a",
        "https://api.example.com.evil.com/v1/a",
        "https://evilapi.example.com/v1/a",
        "https://a.api.example.com/v1/a",
        "https://api.example.com@evil.com/v1/a",
        "https://\u{430}pi.example.com/v1/a",
    ] {
        assert!(!takes(own, "GET", url), "{url}");
    }
    assert!(!takes(own, "POST", "https://api.example.com/v1/a"));
}

#[test]
fn an_escaped_slash_counts_as_one_part_and_as_two() {
    let url = "https://a.com/projects/group%2Fname/issues";
    assert!(takes("GET https://a.com/projects/**", "GET", url));
    assert!(!takes("GET https://a.com/projects/*/issues", "GET", url));
}

#[test]
fn a_leading_star_is_one_label_more() {
    let wide = "* https://*.example.com/**";
    assert!(takes(wide, "DELETE", "https://a.example.com/"));
    for url in [
        "https://example.com/",
        "https://a.b.example.com/",
        "https://aexample.com/",
        "https://a.example.com.evil.com/",
    ] {
        assert!(!takes(wide, "GET", url), "{url}");
    }
}

#[test]
fn one_spelling() {
    let odd = pattern("POST,GET,GET https://API.Example.com.:443/v1/*");
    assert_eq!(odd.as_str(), "GET,POST https://api.example.com/v1/*");
    assert_eq!(
        pattern("* http://[::1]:8080/**").as_str(),
        "* http://[::1]:8080/**"
    );
}

#[test]
fn patterns_that_mean_something_else_are_refused() {
    for text in [
        "",
        "https://a.com/",
        "GET",
        "GET a.com/",
        "GET https://a.com",
        "GET  https://a.com/",
        "get https://a.com/",
        "GET, https://a.com/",
        "GET,* https://a.com/",
        "CONNECT https://a.com/",
        "GET ftp://a.com/",
        "GET HTTPS://a.com/",
        "GET https://*/",
        "GET https://*.com/",
        "GET https://*.*.example.com/",
        "GET https://a*.example.com/",
        "GET https://a.*.com/",
        "GET https://*.127.0.0.1/",
        "GET https://u@a.com/",
        "GET https://a.com:*/",
        "GET https://a.com:0/",
        "GET https://a.com:080/",
        "GET https://a.com:/",
        "GET https://2130706433/",
        "GET https://127.1/",
        "GET https://[::ffff:127.0.0.1]/",
        "GET https://a.com/x?y",
        "GET https://a.com/x#y",
        "GET https://a.com/%61",
        "GET https://a.com/a/../b",
        "GET https://a.com/./b",
        "GET https://a.com/a b",
        "GET https://a.com/ü",
        "GET https://a.com/a\\b",
        "GET https://a.com/a**",
        "GET https://a.com/**/**",
        "GET https://a.com/\u{202e}",
    ] {
        assert!(text.parse::<HttpPattern>().is_err(), "{text:?}");
    }
}

#[test]
fn covering_and_overlap_of_the_usual_patterns() {
    let wide = pattern("GET,POST https://*.example.com/**");
    let narrow = pattern("GET https://api.example.com/v1/*");
    assert!(wide.covers(&narrow) && wide.overlaps(&narrow) && narrow.overlaps(&wide));
    assert!(!narrow.covers(&wide) && wide.covers(&wide));
    for other in [
        "GET http://api.example.com/v1/*",
        "GET https://api.example.com:8443/v1/*",
        "DELETE https://api.example.com/v1/*",
        "GET https://example.com/v1/*",
    ] {
        let other = pattern(other);
        assert!(!wide.covers(&other) && !wide.overlaps(&other), "{other}");
    }
    assert!(!narrow.overlaps(&pattern("GET https://api.example.com/v2/**")));
}

#[test]
fn this_machine_is_private_however_it_is_named() {
    for text in [
        "GET http://127.0.0.1/**",
        "GET http://[::1]/**",
        "GET http://localhost:1/**",
        "GET http://a.localhost/**",
        "GET http://169.254.169.254/**",
    ] {
        assert!(pattern(text).is_private(), "{text}");
    }
    assert!(!pattern("GET http://1.1.1.1/**").is_private());
}

fn any_pattern() -> impl Strategy<Value = HttpPattern> {
    let methods = prop::sample::select(vec!["GET", "POST", "GET,POST", "*"]);
    let host = prop::sample::select(vec!["a.b.c", "*.b.c", "b.c", "x.b.c", "10.0.0.1"]);
    let part = prop::sample::select(vec!["a", "b", "*", "a*", "*b", ""]);
    let lead = prop::collection::vec(part, 1..4);
    (methods, host, lead, any::<bool>()).prop_map(|(methods, host, lead, deep)| {
        let deep = if deep { "/**" } else { "" };
        pattern(&format!(
            "{methods} https://{host}/{}{deep}",
            lead.join("/")
        ))
    })
}

fn any_request() -> impl Strategy<Value = HttpRequest> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT"]);
    let host = prop::sample::select(vec!["a.b.c", "b.c", "x.b.c", "10.0.0.1"]);
    let part = prop::sample::select(vec!["a", "b", "ab", "aab", "", "%61", "a%2fb"]);
    let path = prop::collection::vec(part, 1..4);
    (method, host, path).prop_map(|(method, host, path)| {
        let url = format!("https://{host}/{}", path.join("/"));
        HttpRequest::read(method, &url).unwrap()
    })
}

proptest! {
    #[test]
    fn what_is_covered_matches_less(a in any_pattern(), b in any_pattern(), r in any_request()) {
        if a.covers(&b) && b.matches(&r) {
            prop_assert!(a.matches(&r), "{a} {b} {r}");
        }
    }

    #[test]
    fn what_both_take_overlaps(a in any_pattern(), b in any_pattern(), r in any_request()) {
        if a.matches(&r) && b.matches(&r) {
            prop_assert!(a.overlaps(&b) && b.overlaps(&a), "{a} {b} {r}");
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".{0,60}") {
        let _ = text.parse::<HttpPattern>();
        let _ = HttpRequest::read("GET", &text);
        let _ = HttpRequest::read("GET", &format!("https://{text}"));
    }
}
