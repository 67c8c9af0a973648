//! A cluster of Redis, small and quick to notice what it has lost.

use std::collections::BTreeMap;

use super::redis_process::within;
use super::redis_sentinel::await_replica;
use super::redis_server::RedisServer;

const SLOTS: usize = 16_384;
const OPTIONS: &[(&str, &str)] = &[
    ("cluster-enabled", "yes"),
    ("cluster-node-timeout", "1500"),
    // However long a replica has been out of touch: that delays no test.
    ("cluster-replica-validity-factor", "0"),
    ("cluster-allow-replica-migration", "no"),
    // No node tells clients of a replica that has not had anything from its master yet, a ping at the least.
    ("repl-ping-replica-period", "1"),
];

/// The nodes of one cluster. Killed when dropped.
pub struct Cluster {
    nodes: Vec<RedisServer>,
}

impl Cluster {
    /// `replicas` in all, dealt out to the masters one by one.
    pub fn start(masters: usize, replicas: usize) -> Self {
        Self::with(masters, replicas, &[])
    }

    /// Options for every node.
    pub fn with(masters: usize, replicas: usize, options: &[(&str, &str)]) -> Self {
        let options = [OPTIONS, options].concat();
        let nodes: Vec<_> = (0..masters + replicas).map(|_| RedisServer::with(&options)).collect();
        let cluster = Self { nodes };
        cluster.introduce(masters);
        for (i, replica) in cluster.nodes[masters..].iter().enumerate() {
            let master = cluster.nodes[i % masters].call(&["CLUSTER", "MYID"]);
            assert_ok(replica, &["CLUSTER", "REPLICATE", &master.as_text()]);
        }
        cluster.nodes[masters..].iter().for_each(await_replica);
        cluster.wait_ok();
        cluster.await_copies(replicas);
        cluster
    }

    /// By hand, which takes a fraction of the time of `redis-cli --cluster create`.
    fn introduce(&self, masters: usize) {
        for (i, node) in self.nodes.iter().enumerate() {
            assert_ok(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(i + 1).to_string()]);
            if i < masters {
                let (first, end) = (SLOTS * i / masters, SLOTS * (i + 1) / masters);
                let (first, last) = (first.to_string(), (end - 1).to_string());
                assert_ok(node, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            }
            for other in &self.nodes[..i] {
                let bus = other.call(&["CONFIG", "GET", "cluster-port"]);
                let (port, bus) = (other.port().to_string(), bus.items()[1].as_text());
                assert_ok(node, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
        within(30, || {
            for node in &self.nodes {
                let known = node.call(&["CLUSTER", "NODES"]);
                let known = known.as_text();
                if known.lines().count() != self.nodes.len() || known.contains("handshake") {
                    return Err(format!("{} knows {known}", node.addr()));
                }
            }
            Ok(())
        });
    }

    /// Until every node would send a client to all `replicas`.
    fn await_copies(&self, replicas: usize) {
        within(30, || {
            for node in &self.nodes {
                let slots = node.call(&["CLUSTER", "SLOTS"]);
                // First slot, last slot, master, and then the replicas.
                let found: usize = slots.items().iter().map(|range| range.items().len() - 3).sum();
                if found != replicas {
                    return Err(format!("{} sees {found} replicas", node.addr()));
                }
            }
            Ok(())
        });
    }

    /// `redis://127.0.0.1:port` of every node, running or not, with commas between.
    pub fn urls(&self) -> String {
        self.nodes.iter().map(RedisServer::url).collect::<Vec<_>>().join(",")
    }

    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// Which of [`Self::nodes`] have slots, as the first node that runs sees it.
    pub fn masters(&self) -> Vec<usize> {
        let mut masters: Vec<_> = self.owners(self.survivor()).into_values().collect();
        masters.sort_unstable();
        masters.dedup();
        masters
    }

    /// Which of [`Self::nodes`] has `slot`, as the first node that runs sees it.
    pub fn master_of(&self, slot: u16) -> usize {
        let owners = self.owners(self.survivor());
        *owners.range(..=usize::from(slot)).next_back().expect("an owner").1
    }

    /// SIGKILL; gives which of [`Self::nodes`] it was.
    pub fn kill_master_of(&self, slot: u16) -> usize {
        let master = self.master_of(slot);
        self.nodes[master].kill();
        master
    }

    /// Waits until all nodes that run find the cluster in order *and* every slot with a master that runs:
    /// the state alone stays "ok" until the loss is noticed.
    pub fn wait_ok(&self) {
        within(30, || {
            for node in self.nodes.iter().filter(|node| node.is_running()) {
                let info = node.call(&["CLUSTER", "INFO"]);
                let owners = self.owners(node);
                let complete = ["cluster_state:ok", "cluster_slots_assigned:16384"];
                if !complete.iter().all(|line| info.as_text().lines().any(|l| l == *line)) {
                    return Err(format!("{} says {}", node.addr(), info.as_text()));
                }
                if let Some(lost) = owners.values().find(|owner| !self.nodes[**owner].is_running()) {
                    return Err(format!("{} counts on {}", node.addr(), self.nodes[*lost].addr()));
                }
            }
            Ok(())
        });
    }

    /// Brings a node back, and waits until the cluster has made it the replica of who took its place.
    pub fn restart_as_replica(&self, node: usize) {
        self.nodes[node].restart();
        await_replica(&self.nodes[node]);
        self.wait_ok();
    }

    fn survivor(&self) -> &RedisServer {
        self.nodes.iter().find(|node| node.is_running()).expect("a node that runs")
    }

    /// The first slot of every range, and the node that has the range.
    fn owners(&self, witness: &RedisServer) -> BTreeMap<usize, usize> {
        let slots = witness.call(&["CLUSTER", "SLOTS"]);
        let owner = |range: &super::resp::Value| {
            let port = range.items()[2].items()[1].as_text().into_owned();
            let node = self.nodes.iter().position(|node| node.port().to_string() == port);
            (range.items()[0].as_text().parse().unwrap(), node.expect("one of the nodes"))
        };
        slots.items().iter().map(owner).collect()
    }
}

#[track_caller]
fn assert_ok(node: &RedisServer, command: &[&str]) {
    assert_eq!(node.call(command).as_text(), "OK", "{command:?}");
}
