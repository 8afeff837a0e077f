//! Questions over D-Bus.
//!
//! Nothing is subscribed to and nothing is started: a question must neither wake this process later nor bring a
//! service to life that the owner's desktop does without.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::time::{Duration, Instant, timeout};
use zbus::Connection;
use zbus::proxy::{CacheProperties, MethodFlags, Proxy};
use zbus::zvariant::{DynamicDeserialize, DynamicType, OwnedValue};

use super::PATIENCE;

/// What is not there, or hangs, is asked again after this.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Where a question goes.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    pub service: &'static str,
    pub path: &'a str,
    pub interface: &'static str,
}

/// One bus, connected to when it is first asked, and again when it went away.
pub struct Bus {
    kind: Kind,
    connection: tokio::sync::Mutex<Option<Connection>>,
    /// Services, methods, or the bus itself (the empty name) that are not there, and since when.
    absent: Mutex<HashMap<String, Instant>>,
}

enum Kind {
    System,
    Session,
    #[cfg(test)]
    At(String),
}

impl Bus {
    pub fn system() -> Bus {
        Bus::new(Kind::System)
    }

    pub fn session() -> Bus {
        Bus::new(Kind::Session)
    }

    #[cfg(test)]
    pub fn at(address: &str) -> Bus {
        Bus::new(Kind::At(address.to_owned()))
    }

    fn new(kind: Kind) -> Bus {
        Bus {
            kind,
            connection: tokio::sync::Mutex::default(),
            absent: Mutex::default(),
        }
    }

    /// The answer of a method, or `None` if there is none in time.
    pub async fn call<B, R>(&self, object: Object<'_>, method: &str, arguments: &B) -> Option<R>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        let full = format!("{}.{method}", object.interface);
        if self.is_absent(object.service) || self.is_absent(&full) {
            return None;
        }
        let Ok(answer) = timeout(PATIENCE, self.ask(object, method, arguments)).await else {
            self.note_absent(object.service);
            return None;
        };
        match answer? {
            Ok(answer) => Some(answer),
            Err(zbus::Error::MethodError(name, ..)) => {
                match name.rsplit('.').next() {
                    Some("ServiceUnknown" | "NameHasNoOwner") => self.note_absent(object.service),
                    Some("UnknownMethod" | "UnknownInterface") => self.note_absent(&full),
                    _ => {}
                }
                None
            }
            // An answer of another form than this interface has.
            Err(zbus::Error::Variant(_)) => {
                self.note_absent(&full);
                None
            }
            Err(_) => {
                *self.connection.lock().await = None;
                None
            }
        }
    }

    /// The value of a property, or `None` if there is none in time.
    pub async fn property<T>(&self, object: Object<'_>, name: &str) -> Option<T>
    where
        T: TryFrom<OwnedValue>,
    {
        let properties = Object {
            interface: "org.freedesktop.DBus.Properties",
            ..object
        };
        let value: OwnedValue = self
            .call(properties, "Get", &(object.interface, name))
            .await?;
        value.try_into().ok()
    }

    async fn ask<B, R>(
        &self,
        object: Object<'_>,
        method: &str,
        arguments: &B,
    ) -> Option<zbus::Result<R>>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        let connection = self.connection().await?;
        let proxy = zbus::proxy::Builder::<Proxy>::new(&connection)
            .destination(object.service)
            .and_then(|builder| builder.path(object.path))
            .and_then(|builder| builder.interface(object.interface));
        let proxy = proxy.ok()?.cache_properties(CacheProperties::No);
        let proxy = proxy.build().await.ok()?;
        let flags = MethodFlags::NoAutoStart.into();
        proxy
            .call_with_flags(method, flags, arguments)
            .await
            .transpose()
    }

    /// The connection itself, for signals.
    pub async fn connection(&self) -> Option<Connection> {
        let mut connection = self.connection.lock().await;
        if connection.is_none() {
            if self.is_absent("") {
                return None;
            }
            // Until it has worked, also if this is given up half-way.
            self.note_absent("");
            *connection = match &self.kind {
                Kind::System => Connection::system().await.ok(),
                Kind::Session => Connection::session().await.ok(),
                #[cfg(test)]
                Kind::At(address) => {
                    let builder = zbus::connection::Builder::address(address.as_str());
                    builder.ok()?.build().await.ok()
                }
            };
            if connection.is_some() {
                self.absent().remove("");
            }
        }
        connection.clone()
    }

    fn absent(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_absent(&self, name: &str) -> bool {
        let absent = self.absent();
        let since = absent.get(name);
        since.is_some_and(|since| since.elapsed() < RETRY_AFTER)
    }

    fn note_absent(&self, name: &str) {
        self.absent().insert(name.to_owned(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::DBus;

    const DAEMON: Object<'_> = Object {
        service: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
    };

    #[tokio::test]
    async fn a_real_bus_answers_and_what_is_not_there_is_not_asked_again_soon() {
        let daemon = DBus::start();
        let bus = Bus::at(daemon.address());
        let names: Vec<String> = bus.call(DAEMON, "ListNames", &()).await.expect("answered");
        assert!(names.iter().any(|name| name == "org.freedesktop.DBus"));
        let interfaces: Vec<String> = bus.property(DAEMON, "Interfaces").await.expect("answered");
        assert!(interfaces.iter().any(|name| name.ends_with(".Monitoring")));

        let nobody = Object {
            service: "com.example.Nobody",
            path: "/",
            interface: "com.example.Nobody",
        };
        assert_eq!(bus.call::<_, bool>(nobody, "Ask", &()).await, None);
        assert!(bus.is_absent("com.example.Nobody"));
        assert_eq!(bus.call::<_, bool>(DAEMON, "Sing", &()).await, None);
        assert!(bus.is_absent("org.freedesktop.DBus.Sing"));
        // The others are not affected.
        assert!(
            bus.call::<_, Vec<String>>(DAEMON, "ListNames", &())
                .await
                .is_some()
        );

        // The bus goes away: unknown, and after some questions also no attempt for a while.
        drop(daemon);
        for _ in 0..3 {
            assert_eq!(
                bus.call::<_, Vec<String>>(DAEMON, "ListNames", &()).await,
                None
            );
        }
        assert!(bus.is_absent(""));
    }
}
