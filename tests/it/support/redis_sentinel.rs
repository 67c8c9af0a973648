//! A master, its replica, and three sentinels that replace the one with the other.

use super::redis_process::within;
use super::redis_server::RedisServer;

const MASTER_NAME: &str = "spake-master";
const SENTINELS: usize = 3;
/// Sentinels look at their nodes every ten seconds and greet each other every two, which is what a start and the
/// return of an old master would mostly wait for. Less than a second is too little: to demote a node, a sentinel
/// must have looked at the master within twice that time.
const IN_A_HURRY: &[&str] = &["SENTINEL", "DEBUG", "INFO-PERIOD", "1000", "PUBLISH-PERIOD", "200"];

/// Five processes. Killed when dropped.
pub struct SentinelSet {
    nodes: Vec<RedisServer>,
    sentinels: Vec<RedisServer>,
    /// The node that was master when these tests last looked.
    master: usize,
}

impl SentinelSet {
    /// A set in which everybody knows everybody and the replica is in step.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Options for master and replica, such as a `requirepass`; the sentinels themselves need no password.
    pub fn with(options: &[(&str, &str)]) -> Self {
        let master = RedisServer::with(options);
        let replica_of = format!("127.0.0.1 {}", master.port());
        let replica = RedisServer::with(&[options, &[("replicaof", &replica_of)]].concat());
        await_replica(&replica);

        let monitor = format!("monitor {MASTER_NAME} {replica_of} 2");
        let down_after = format!("down-after-milliseconds {MASTER_NAME} 1000");
        let timeout = format!("failover-timeout {MASTER_NAME} 2000");
        let syncs = format!("parallel-syncs {MASTER_NAME} 1");
        let password = master.password().map(|password| format!("auth-pass {MASTER_NAME} {password}"));
        let mut lines = vec![&monitor, &down_after, &timeout, &syncs];
        lines.extend(&password);
        let lines: Vec<_> = lines.into_iter().map(|line| ("sentinel", line.as_str())).collect();
        let sentinels: Vec<_> = (0..SENTINELS).map(|_| RedisServer::sentinel(&lines)).collect();
        for sentinel in &sentinels {
            assert_eq!(sentinel.call(IN_A_HURRY).as_text(), "OK");
        }
        let set = Self { nodes: vec![master, replica], sentinels, master: 0 };
        set.await_acquaintance();
        set
    }

    /// Until every sentinel would find a majority, and a replica to promote.
    fn await_acquaintance(&self) {
        let others = (SENTINELS - 1).to_string();
        within(30, || {
            for sentinel in &self.sentinels {
                let state = sentinel.call(&["SENTINEL", "MASTER", MASTER_NAME]);
                let expected =
                    [("flags", "master"), ("num-slaves", "1"), ("num-other-sentinels", others.as_str())];
                for (name, value) in expected {
                    let found = state
                        .items()
                        .chunks(2)
                        .any(|pair| matches!(pair, [n, v] if n.as_text() == name && v.as_text() == value));
                    if !found {
                        return Err(format!("{name} is not {value}: {state:?}"));
                    }
                }
            }
            Ok(())
        });
    }

    /// `redis://127.0.0.1:port` of every sentinel, with commas between.
    pub fn sentinel_urls(&self) -> String {
        self.sentinels.iter().map(RedisServer::url).collect::<Vec<_>>().join(",")
    }

    pub fn master_name(&self) -> &'static str {
        MASTER_NAME
    }

    /// `127.0.0.1:port` of the master, as the first sentinel that runs has it.
    pub fn master_addr(&self) -> String {
        master_according_to(self.sentinels.iter().find(|sentinel| sentinel.is_running()).unwrap())
    }

    /// The node that is master, or was before it was killed or paused and [`Self::wait_for_failover`] called.
    pub fn master(&self) -> &RedisServer {
        &self.nodes[self.master]
    }

    /// The other node.
    pub fn replica(&self) -> &RedisServer {
        &self.nodes[1 - self.master]
    }

    pub fn sentinels(&self) -> &[RedisServer] {
        &self.sentinels
    }

    pub fn kill_master(&self) {
        self.master().kill();
    }

    /// Waits until all sentinels that run name the other node and it acts as master; gives its address.
    pub fn wait_for_failover(&mut self) -> String {
        let promoted = 1 - self.master;
        let node = &self.nodes[promoted];
        within(30, || {
            for sentinel in self.sentinels.iter().filter(|sentinel| sentinel.is_running()) {
                let named = master_according_to(sentinel);
                if named != node.addr() {
                    return Err(format!("the sentinel at {} still names {named}", sentinel.addr()));
                }
            }
            let role = node.info("role");
            if role == "master" { Ok(()) } else { Err(format!("{} is {role}", node.addr())) }
        });
        self.master = promoted;
        self.master_addr()
    }

    /// After a failover: brings back the node that was master, and waits until it follows the new one.
    pub fn restart_old_master(&self) {
        self.replica().restart();
        await_replica(self.replica());
        self.await_acquaintance();
    }
}

fn master_according_to(sentinel: &RedisServer) -> String {
    let answer = sentinel.call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME]);
    answer.items().iter().map(|item| item.as_text()).collect::<Vec<_>>().join(":")
}

/// Until `replica` has everything that its master had, and gets what comes.
pub fn await_replica(replica: &RedisServer) {
    within(30, || match &*replica.info("master_link_status") {
        "up" => Ok(()),
        status => Err(format!("the link of {} to its master is {status:?}", replica.addr())),
    });
}
