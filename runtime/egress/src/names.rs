//! Names to addresses, by name servers alone: looked up once for a request and
//! never kept, so that what is checked is what is connected to.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Resolver, TokioResolver};

/// Addresses of a name that are looked at.
const ADDRESSES: usize = 32;

/// Looks up names.
#[derive(Debug, Clone)]
pub struct Names(TokioResolver);

/// No names can be looked up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the name servers of this machine cannot be read: {0}")]
pub struct NamesError(String);

impl Names {
    /// By the name servers and the hosts file of this machine.
    ///
    /// # Errors
    /// [`NamesError`] where they cannot be read.
    pub fn of_this_machine() -> Result<Self, NamesError> {
        let wrong = |error: &dyn std::fmt::Display| NamesError(error.to_string());
        let mut builder = Resolver::builder_tokio().map_err(|error| wrong(&error))?;
        set(builder.options_mut());
        builder.build().map(Self).map_err(|error| wrong(&error))
    }

    /// By these name servers and nothing else.
    ///
    /// # Errors
    /// [`NamesError`] where they cannot be used.
    pub fn by(servers: &[SocketAddr]) -> Result<Self, NamesError> {
        let server = |server: &SocketAddr| {
            let at = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let ways = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
            NameServerConfig::new(server.ip(), true, ways)
        };
        let config =
            ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        set(builder.options_mut());
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        let built = builder.build();
        built
            .map(Self)
            .map_err(|error| NamesError(error.to_string()))
    }

    /// Every address of a name. The final dot keeps search lists away from it.
    pub(crate) async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        match self.0.lookup_ip(format!("{name}.")).await {
            Ok(found) => found.iter().take(ADDRESSES).collect(),
            Err(error) => {
                tracing::debug!(name, %error, "no address");
                Vec::new()
            }
        }
    }
}

fn set(options: &mut ResolverOpts) {
    options.cache_size = 0;
    options.attempts = 2;
}
