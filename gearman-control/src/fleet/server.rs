use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use gearman_admin::{AdminClient, AdminError};
use gearman_client::Client;
use gearman_net::Endpoint;

use super::census::{connected, ids_in_use};
use crate::WorkerId;

/// A job server: who is connected to it, and a way to those.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) endpoint: Endpoint,
    connect_limit: Duration,
    admin: AdminClient,
    /// Made when first needed; most servers of a fleet are needed to look at only.
    client: OnceLock<Client>,
}

/// What one server knows.
#[derive(Debug)]
pub(super) struct Lists {
    /// The workers that can be told something, and how many connections they have.
    pub(super) connected: BTreeMap<WorkerId, u64>,
    pub(super) ids_in_use: BTreeSet<WorkerId>,
}

impl Server {
    pub(super) fn new(endpoint: Endpoint, connect_limit: Duration) -> Self {
        let admin = AdminClient::builder(endpoint.clone())
            .connect_limit(connect_limit)
            .connect_lazily();
        Self {
            endpoint,
            connect_limit,
            admin,
            client: OnceLock::new(),
        }
    }

    /// The client that questions and orders share.
    pub(super) fn client(&self) -> &Client {
        self.client.get_or_init(|| self.client_of_its_own())
    }

    /// A client whose connection is closed as soon as it and its jobs are dropped.
    pub(super) fn client_of_its_own(&self) -> Client {
        Client::builder()
            .server(self.endpoint.clone())
            .connect_limit(self.connect_limit)
            .connect_lazily()
            .expect("one server is named, and an endpoint is a server")
    }

    /// Who is connected now.
    pub(super) async fn lists(&self) -> Result<Lists, AdminError> {
        let (status, workers) = tokio::try_join!(self.admin.status(), self.admin.workers())?;
        Ok(Lists {
            connected: connected(&status, &workers),
            ids_in_use: ids_in_use(&workers),
        })
    }

    /// The ids that are connected now: the short way, which is gone many times.
    pub(super) async fn look(&self) -> Result<BTreeSet<WorkerId>, AdminError> {
        Ok(ids_in_use(&self.admin.workers().await?))
    }
}
