//! Sessions in Redis: standalone, Sentinel or Cluster. Each change is one script in one slot, timed by Redis' clock.
//!
//! | module | job |
//! |---|---|
//! | `settings` | where Redis is, checked before anything is connected |
//! | `keys` | the names of keys, and which bucket they are in |
//! | `call`, `lua/` | the scripts, and how one is sent |
//! | `link`, `connector`, `failure` | connections, deadlines, and what an error means |
//! | `sessions`, `listing`, `accounts`, `credential_listing`, `facts` | the ports |
//! | `release`, `schema` | versions of the keyspace, and the way from one to the next |
//! | `checks` | what must be true of the server: at start and in readiness |
//! | `clock` | how far its clock is from ours |

mod accounts;
mod call;
mod checks;
mod clock;
mod connector;
mod credential_listing;
mod facts;
mod failure;
mod keys;
mod link;
mod listing;
mod release;
mod schema;
mod sessions;
mod settings;

pub use self::checks::Unfit;
use self::clock::Skew;
pub use self::connector::Connects;
use self::keys::Keys;
pub use self::link::Connections;
use self::link::Link;
use self::listing::Density;
pub use self::release::{Migration, Release};
use self::schema::Permitted;
pub use self::schema::Progress;
pub use self::settings::{InvalidUrl, SentinelLogin, Settings, Tls, Topology};

/// Sessions and facts of one keyspace in Redis.
pub struct RedisStore {
    link: Link,
    keys: Keys,
    density: Density,
    is_cluster: bool,
    release: Release,
    permitted: Permitted,
    skew: Skew,
}

impl RedisStore {
    /// A store that connects when it is first used. The error is about certificates that cannot be read.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        Self::of_release(settings, Release::current())
    }

    /// A store as another release sees it; for tests of two releases side by side.
    pub fn of_release(settings: &Settings, release: Release) -> Result<Self, String> {
        let link = Link::new(settings).map_err(|error| error.to_string())?;
        let is_cluster = matches!(settings.topology, Topology::Cluster(_));
        Ok(Self {
            link,
            keys: Keys::new(&settings.prefix),
            density: Density::default(),
            is_cluster,
            release,
            permitted: Permitted::default(),
            skew: Skew::default(),
        })
    }

    /// Its connections, as they are now.
    pub fn connections(&self) -> [Connections; 2] {
        self.link.connections()
    }

    /// How often it was tried to connect.
    pub fn connects(&self) -> Connects {
        self.link.connects()
    }
}
