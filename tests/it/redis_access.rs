//! Who may talk to Redis, and over what: TLS, certificates, users, passwords; and what is said to who may not.

use std::fs;
use std::path::Path;

use crate::support::certificates::Certificates;
use crate::support::redis_cluster::Cluster;
use crate::support::redis_process::free_port;
use crate::support::redis_sentinel::{SentinelSet, await_replica};
use crate::support::redis_tls::RedisTls;
use crate::support::{Account, Client, RedisServer, STATE_KEYS, TestApp, get, run};

const SECRET: &str = "s3cret-0f-the-user";

/// A whole life of a session, and all that can be asked about it.
fn works(app: &TestApp) {
    let client = Client::initiate(app, "s", "password", "password");
    client.exchange(app).ok();
    let confirmed = client.confirm(app).ok();
    let secret = client.secret(&confirmed.string("server_confirmation"));
    assert_eq!(app.get("/spake/secret/s").ok().string("shared_secret"), secret);
    let listed = app.get("/spake/sessions").ok().field("sessions");
    assert!(listed.as_array().unwrap().iter().any(|session| session["session_id"] == "s"));
    app.delete("/spake/cleanup/s").ok();
    app.get("/spake/status/s").refused(404, "session_not_found");
    let account = Account::at(app, "alice", "password");
    account.register(app);
    account.log_in(app);
    assert_eq!(app.get("/spake/credentials").ok().field("credentials").as_array().unwrap().len(), 1);
    app.get("/spake/credentials/alice/guesses").ok();
    app.delete("/spake/credentials/alice/guesses").ok();
    app.delete("/spake/credentials/alice").ok();
}

/// That the start ends at once (it waits for a Redis that is away), with exit code 2 and one line that has all `parts`.
#[track_caller]
fn refused(url: &str, variables: &[(&str, &str)], parts: &[&str]) {
    let common = [("PORT", "0"), ("REDIS_URL", url), ("SPAKE_STATE_KEYS", STATE_KEYS), ("RUST_LOG", "off")];
    let (code, out, err) = run(&[&common, variables].concat(), &[]);
    assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
    for part in parts {
        assert!(err.contains(part), "{part} is not in: {err}");
    }
    assert!(!err.contains(SECRET) && !err.contains("wrong-password"), "{err}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_certificate_of_a_known_authority_is_taken() {
    let redis = RedisTls::start(false);
    let ca = redis.certificates.ca();
    works(&TestApp::on_redis(&redis.url(), &[("SPAKE_REDIS_CA", text(&ca))]));
    // The name is what counts, not only who signed.
    let by_name = redis.url().replace("127.0.0.1", "localhost");
    works(&TestApp::on_redis(&by_name, &[("SPAKE_REDIS_CA", text(&ca))]));
}

#[test]
fn a_client_certificate_is_shown_to_a_redis_that_asks() {
    let redis = RedisTls::start(true);
    let (ca, cert, key) = (redis.certificates.ca(), redis.certificates.cert(), redis.certificates.key());
    let all =
        [("SPAKE_REDIS_CA", text(&ca)), ("SPAKE_REDIS_CERT", text(&cert)), ("SPAKE_REDIS_KEY", text(&key))];
    works(&TestApp::on_redis(&redis.url(), &all));
    refused(&redis.url(), &all[..1], &["REDIS_URL", "SPAKE_REDIS_CERT"]);
    refused(&redis.url(), &all[..2], &["SPAKE_REDIS_CERT", "SPAKE_REDIS_KEY"]);
    // One that its authority has not signed.
    let foreign = Certificates::make();
    let (cert, key) = (foreign.cert(), foreign.key());
    let others = [all[0], ("SPAKE_REDIS_CERT", text(&cert)), ("SPAKE_REDIS_KEY", text(&key))];
    refused(&redis.url(), &others, &["REDIS_URL", "SPAKE_REDIS_CERT"]);
}

#[test]
fn a_certificate_of_a_foreign_authority_stops_the_start_at_once() {
    let redis = RedisTls::start(false);
    let certificates = Certificates::make();
    let ca = certificates.ca();
    refused(&redis.url(), &[("SPAKE_REDIS_CA", text(&ca))], &["REDIS_URL", "SPAKE_REDIS_CA", "certificate"]);
    // The system's authorities do not know it either.
    refused(&redis.url(), &[], &["REDIS_URL", "SPAKE_REDIS_CA", "certificate"]);
}

/// What the service needs of Redis, for docs/OPERATIONS.md: commands that it sends, and those of its scripts.
const LEAST: &str = "~spake:* resetchannels -@all +ping +info +eval +evalsha +hget +hmget +hgetall +hsetnx +set +wait \
                     +time +exists +hset +hdel +del +pexpireat +pttl +zadd +zrem +zcount +zrange +zrangebyscore \
                     +zrangebylex +zremrangebyscore";
/// And besides in a Cluster, and behind Sentinels.
const LEAST_IN_A_CLUSTER: &str = "+cluster|slots";
const LEAST_BEHIND_SENTINELS: &str = "+role";
/// At the Sentinels themselves.
const LEAST_AT_A_SENTINEL: &str = "resetchannels -@all +role +sentinel|masters";

/// Makes a user who may do what stands in `rights`.
fn let_in(server: &RedisServer, user: &str, rights: &[&str]) {
    let password = format!(">{SECRET}");
    let mut command = vec!["ACL", "SETUSER", user, "on", &password];
    command.extend(rights.iter().flat_map(|rights| rights.split_whitespace()));
    assert_eq!(server.call(&command).as_text(), "OK");
    // What was used until now does not count. (Sentinels count nothing.)
    server.call(&["CONFIG", "RESETSTAT"]);
}

/// Holds that each of `rights` has been used on one of `servers` since, and that more have not been asked for.
fn all_used_and_no_more(servers: &[&RedisServer], rights: &[&str]) {
    let mut used = String::new();
    for server in servers {
        let denied = server.call(&["ACL", "LOG"]);
        assert!(denied.items().is_empty(), "{denied:?}");
        used.push_str(&server.call(&["INFO", "commandstats"]).as_text());
    }
    for right in rights.iter().flat_map(|rights| rights.split_whitespace()) {
        if let Some(command) = right.strip_prefix('+') {
            assert!(used.contains(&format!("cmdstat_{command}:")), "{command} is not needed");
        }
    }
}

fn as_user(url: &str) -> String {
    url.replace("redis://", &format!("redis://spake:{SECRET}@"))
}

#[test]
fn a_user_with_the_least_rights_is_enough_and_each_of_them_is_needed() {
    let redis = RedisServer::start();
    let replica = RedisServer::with(&[("replicaof", &format!("127.0.0.1 {}", redis.port()))]);
    await_replica(&replica);
    let_in(&redis, "spake", &[LEAST]);
    let admin = format!("127.0.0.1:{}", free_port());
    let variables = [("SPAKE_REDIS_WAIT_REPLICAS", "1"), ("SPAKE_ADMIN_ADDR", &admin)];
    let app = TestApp::on_redis(&as_user(&redis.url()), &variables);
    works(&app);
    assert_eq!(get(&format!("http://{admin}"), "/health/ready").status, 200);
    all_used_and_no_more(&[&redis], &[LEAST]);
    // Who may not ask for the settings is trusted to have set them.
    assert_eq!(redis.call(&["ACL", "SETUSER", "spake", "-info"]).as_text(), "OK");
    works(&TestApp::on_redis(&as_user(&redis.url()), &[]));
}

#[test]
fn a_user_who_may_not_ask_the_time_is_not_ready_and_told_why() {
    let redis = RedisServer::start();
    let_in(&redis, "spake", &[LEAST]);
    let app = TestApp::on_redis(&as_user(&redis.url()), &[("SPAKE_ADMIN_ADDR", "127.0.0.1:0")]);
    app.get_as_operator("/health/ready").ok();
    assert_eq!(redis.call(&["ACL", "SETUSER", "spake", "-time"]).as_text(), "OK");
    let answer = app.get_as_operator("/health/ready");
    assert!(answer.status == 503 && answer.text.contains("+time"), "{answer:?}");
}

#[test]
fn a_user_of_a_cluster_needs_to_ask_for_its_slots() {
    let cluster = Cluster::start(2, 0);
    let rights = [LEAST, LEAST_IN_A_CLUSTER];
    cluster.nodes().iter().for_each(|node| let_in(node, "spake", &rights));
    works(&TestApp::on_redis(&as_user(&cluster.urls()), &[]));
    all_used_and_no_more(&cluster.nodes().iter().collect::<Vec<_>>(), &rights[1..]);
}

#[test]
fn a_wrong_password_stops_the_start_at_once_and_is_not_shown() {
    let redis = RedisServer::with(&[("requirepass", SECRET)]);
    works(&TestApp::on_redis(&redis.url(), &[]));
    let addr = redis.addr();
    refused(&format!("redis://:wrong-password@{addr}"), &[], &["REDIS_URL", "user or password"]);
    refused(&format!("redis://nobody:{SECRET}@{addr}"), &[], &["REDIS_URL", "user or password"]);
    refused(&format!("redis://{addr}"), &[], &["REDIS_URL", "user or password"]);
}

#[test]
fn a_wrong_password_is_named_by_a_cluster_too() {
    let cluster = Cluster::with(2, 0, &[("requirepass", SECRET)]);
    works(&TestApp::on_redis(&cluster.urls(), &[]));
    let wrong = cluster.urls().replace(SECRET, "wrong-password");
    refused(&wrong, &[], &["REDIS_URL", "user or password"]);
    refused(&cluster.urls().replace(&format!(":{SECRET}@"), ""), &[], &["REDIS_URL", "user or password"]);
}

#[test]
fn sentinels_and_their_master_have_users_of_their_own() {
    let set = SentinelSet::with(&[("requirepass", "0f-the-administrators")]);
    let rights = [LEAST, LEAST_BEHIND_SENTINELS];
    let_in(set.master(), "spake", &rights);
    set.sentinels().iter().for_each(|sentinel| let_in(sentinel, "watcher", &[LEAST_AT_A_SENTINEL]));
    let login = [
        ("SPAKE_REDIS_SENTINEL_MASTER", set.master_name()),
        ("SPAKE_REDIS_SENTINEL_USERNAME", "watcher"),
        ("SPAKE_REDIS_SENTINEL_PASSWORD", SECRET),
    ];
    let right = as_user(&set.sentinel_urls());
    works(&TestApp::on_redis(&right, &login));
    all_used_and_no_more(&[set.master()], &rights[1..]);
    refused(&right.replace(SECRET, "wrong-password"), &login, &["REDIS_URL", "user or password"]);
    for sentinel in set.sentinels() {
        assert_eq!(sentinel.call(&["ACL", "SETUSER", "watcher", "-role"]).as_text(), "OK");
    }
    refused(&right, &login, &["REDIS_URL", "user or password", "'role'"]);
    let wrong = [login[0], login[1], ("SPAKE_REDIS_SENTINEL_PASSWORD", "wrong-password")];
    refused(&right, &wrong, &["REDIS_URL", "user or password"]);
}

#[test]
fn the_url_may_be_in_a_file_and_names_a_database() {
    let redis = RedisServer::with(&[("requirepass", SECRET)]);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{}/5\n", redis.url())).unwrap();
    let variables = [("REDIS_URL_FILE", text(file.path())), ("SPAKE_STATE_KEYS", STATE_KEYS)];
    let app = TestApp::with(&variables);
    works(&app);
    let keyspace = redis.call(&["INFO", "keyspace"]).as_text().into_owned();
    assert!(keyspace.contains("db5:") && !keyspace.contains("db0:"), "{keyspace}");
    // Sessions of another database are another deployment's.
    let other = TestApp::on_redis(&format!("{}/4", redis.url()), &[]);
    let client = Client::initiate(&app, "s", "password", "password");
    other.get("/spake/status/s").refused(404, "session_not_found");
    client.exchange(&app).ok();
    refused(&format!("{}/16", redis.url()), &[], &["REDIS_URL", "database"]);
}
