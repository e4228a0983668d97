//! The grammar of `blueprint!`.
//!
//! ```text
//! state: TYPE, start: NODE, NODE-DECLARATION…
//! NODE-DECLARATION = KIND NAME [= "PLUGIN" [(JSON)]] { ENTRY, … }
//! ENTRY            = KEY: VALUE | LABEL => NODE-OR-END
//! ```

use super::{Declared, Entries, Kind, Node, Plugin, Word};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token, braced, bracketed, parenthesized};

impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        keyword(input, "state")?;
        let state = input.parse()?;
        input.parse::<Token![,]>()?;
        keyword(input, "start")?;
        let start = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        let mut nodes = Vec::new();
        while !input.is_empty() {
            nodes.push(input.parse()?);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(Self {
            state,
            start,
            nodes,
        })
    }
}

/// Takes `word` and the colon after it.
fn keyword(input: ParseStream<'_>, word: &str) -> Result<()> {
    let found = input.call(Ident::parse_any)?;
    if found != word {
        return Err(Error::new(found.span(), format!("expected `{word}: …`")));
    }
    input.parse::<Token![:]>().map(drop)
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            return Ok(Self {
                text: text.value(),
                span: text.span(),
            });
        }
        let word = input.call(Ident::parse_any)?;
        Ok(Self {
            text: word.to_string(),
            span: word.span(),
        })
    }
}

impl Parse for Kind {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "deterministic" => Ok(Self::Deterministic),
            "agentic" => Ok(Self::Agentic),
            "gate" => Ok(Self::Gate),
            "approval" => Ok(Self::Approval),
            _ => Err(Error::new(
                word.span(),
                "expected `deterministic`, `agentic`, `gate` or `approval`",
            )),
        }
    }
}

impl Parse for Node {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let kind = input.parse()?;
        let id = input.parse()?;
        let plugin = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        let body;
        braced!(body in input);
        let entries = body.call(entries)?;
        Ok(Self {
            kind,
            id,
            plugin,
            entries,
        })
    }
}

impl Parse for Plugin {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        let parameters = if input.peek(syn::token::Paren) {
            let json;
            parenthesized!(json in input);
            Some(json.parse()?)
        } else {
            None
        };
        Ok(Self { name, parameters })
    }
}

fn entries(input: ParseStream<'_>) -> Result<Entries> {
    let mut entries = Entries::default();
    while !input.is_empty() {
        let word: Word = input.parse()?;
        if input.parse::<Option<Token![=>]>>()?.is_some() {
            entries.edges.push((word, input.parse()?));
        } else {
            input.parse::<Token![:]>()?;
            entry(&mut entries, &word, input)?;
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(entries)
}

fn entry(entries: &mut Entries, key: &Word, input: ParseStream<'_>) -> Result<()> {
    match key.text.as_str() {
        "needs" => entries.needs = list(input)?,
        "prompts" => entries.prompts = list(input)?,
        "tools" => entries.tools = list(input)?,
        "output" => entries.output = Some(input.parse()?),
        "max_turns" => entries.max_turns = Some(input.parse()?),
        "max_tokens" => entries.max_tokens = Some(input.parse()?),
        "max_seconds" => entries.max_seconds = Some(input.parse()?),
        "max_visits" => entries.max_visits = Some(input.parse()?),
        "then" => entries.then = Some(input.parse()?),
        _ => {
            return Err(Error::new(
                key.span,
                "expected `needs`, `prompts`, `tools`, `output`, `max_turns`, `max_tokens`, \
                 `max_seconds`, `max_visits`, `then`, or an edge: `label => node`",
            ));
        }
    }
    Ok(())
}

fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let items;
    bracketed!(items in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&items)?;
    Ok(items.into_iter().collect())
}
