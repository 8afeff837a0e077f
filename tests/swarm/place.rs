//! A hub to be measured, with its database and devices.

use std::time::Duration;

use idlewatt_test_postgres::PostgresServer;
use idlewatt_tests::books::Login;
use idlewatt_tests::hub::Hub;

use crate::machine::{family_time, processor_time};

/// Which database.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Engine::Sqlite),
            "postgres" => Some(Engine::Postgres),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        }
    }
}

/// A running hub.
pub struct Place {
    pub hub: Hub,
    pub logins: Vec<Login>,
    server: Option<PostgresServer>,
}

impl Place {
    /// Shares take two hashes, and always will: what is measured is the hub, not its miners.
    pub fn start(engine: Engine, devices: usize, settle_every: u64) -> Self {
        let settings = format!(
            "[earnings]\nsettle_every = {settle_every}\n\
             [difficulty]\nsha256d = {{ start = 2, least = 2, most = 2 }}\n\
             [limits]\nconnections = 100000\n"
        );
        let mut hub = Hub::prepare(&settings, &[]);
        let server = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let server = PostgresServer::start();
                hub.keep_in(&server.database());
                Some(server)
            }
        };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let logins = runtime.block_on(hub.books().seed(devices));
        hub.restart();
        Place {
            hub,
            logins,
            server,
        }
    }

    /// The hub's process.
    pub fn process(&self) -> u32 {
        self.hub.id().expect("it runs")
    }

    /// What the hub has computed so far, and what its database server has.
    pub fn used(&self) -> Used {
        let server = self.server.as_ref().and_then(PostgresServer::process_id);
        Used {
            hub: processor_time(self.process()),
            server: server.map_or(Duration::ZERO, |id| family_time(id.unsigned_abs())),
        }
    }
}

/// Processor time.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    pub hub: Duration,
    pub server: Duration,
}

impl Used {
    pub fn since(self, before: Used) -> Used {
        Used {
            hub: self.hub.saturating_sub(before.hub),
            server: self.server.saturating_sub(before.server),
        }
    }
}
