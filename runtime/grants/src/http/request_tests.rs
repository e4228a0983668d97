//! What is a request, and in which spelling.

use super::HttpRequest;

fn url(text: &str) -> String {
    HttpRequest::read("GET", text).unwrap().url().to_owned()
}

#[test]
fn an_address_has_one_spelling() {
    for (text, canonical) in [
        ("https://API.Example.com", "https://api.example.com/"),
        ("HTTPS://api.example.com:443/", "https://api.example.com/"),
        ("https://api.example.com./a", "https://api.example.com/a"),
        ("https://a.com/x/../y#part", "https://a.com/y"),
        ("https://a.com/x/%2e%2e/y?q=1", "https://a.com/y?q=1"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://a.com?x", "https://a.com/?x"),
    ] {
        assert_eq!(url(text), canonical);
    }
}

#[test]
fn what_two_readers_take_for_two_things_is_no_request() {
    for text in [
        "",
        "a.com",
        "/path",
        "//a.com/",
        "https:a.com",
        "https:/a.com",
        "https:///a.com",
        "https://",
        "https://ok.com@evil.com/",
        "https://ok.com:pw@evil.com/",
        "https://@evil.com/",
        "https://ok.com\\@evil.com/",
        "https://ok.com\\.evil.com/",
        "https://ok.com\t.evil.com/",
        "https://ok.com/\r\nHost: evil",
        " https://ok.com/",
        "https://ok.com/a b",
        "https://ok.com:0/",
        "https://ok.com:/",
        "https://ok.com:65536/",
        "https://ok.com:0443/",
        "https://ok.com:443:80/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://ok%2ecom/",
        "ftp://ok.com/",
        "file:///etc/passwd",
        "https://ok.com/%00",
        "https://ok.com/%0d%0aHost:%20x",
        "https://ok.com/%250d%250a",
        "https://ok.com/%2525252561",
        "https://ok.com/v1/%2e%2e%2fv2",
        "https://ok.com/v1/..%5cv2",
        "https://ok.com/v1//..%2f..%2fv2",
        "https://ok.com/v1/..;/v2",
        "https://ok.com/v1/%2e%2e;x=1/v2",
    ] {
        let read = HttpRequest::read("GET", text);
        assert!(read.is_err(), "{text:?}: {read:?}");
    }
    for method in [
        "get", "CONNECT", "TRACE", "GET /x", "GET\r\n", "", "PROPFIND",
    ] {
        let denial = HttpRequest::read(method, "https://ok.com/").unwrap_err();
        assert_eq!(denial.rule, "not-a-request");
    }
    let long = format!("https://ok.com/{}", "a".repeat(9_000));
    assert!(HttpRequest::read("GET", &long).is_err());
}

#[test]
fn path_and_origin_are_those_that_are_sent() {
    let request = HttpRequest::read("POST", "https://a.com:8443/x?y=%20#z").unwrap();
    assert_eq!(request.path_and_query(), "/x?y=%20");
    assert_eq!(request.origin(), "https://a.com:8443");
    assert_eq!(request.host(), "a.com");
    assert_eq!(request.port(), 8443);
    assert_eq!(request.to_string(), "POST https://a.com:8443/x?y=%20");
}
