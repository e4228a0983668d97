//! `minion:host/http`: requests, by way of the one egress.

use crate::bindings::host::http as wit;
use crate::bindings::host::types::Failure;
use crate::guest::Guest;
use crate::services::http;
use minion_grants::HttpMethod;

impl wit::Host for Guest {
    async fn request(
        &mut self,
        message: wit::Message,
    ) -> wasmtime::Result<Result<wit::Response, Failure>> {
        let asked = http::Asked {
            method: method(message.method),
            url: message.url,
            headers: message.headers,
            body: message.body,
        };
        let answer = http::request(&self.services, &self.caller, &self.view, asked).await?;
        Ok(answer
            .map(|answer| wit::Response {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            })
            .map_err(Into::into))
    }
}

const fn method(method: wit::Method) -> HttpMethod {
    match method {
        wit::Method::Get => HttpMethod::Get,
        wit::Method::Head => HttpMethod::Head,
        wit::Method::Options => HttpMethod::Options,
        wit::Method::Put => HttpMethod::Put,
        wit::Method::Delete => HttpMethod::Delete,
        wit::Method::Post => HttpMethod::Post,
        wit::Method::Patch => HttpMethod::Patch,
    }
}
