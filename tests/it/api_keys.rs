//! API keys: who may do what, and whose a session is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use spake_service::domain::access::Scope;

use crate::support::contract::{operation, operations};
use crate::support::{KeysFile, eventually, run};

pub const EVERYTHING: &str = "session:initiate,session:exchange,session:read,session:admin,secret:read,\
                          secret:unconfirmed,login,credential:read,credential:write";

/// Every endpoint that asks who the caller is, and the scopes of which it takes any one.
pub fn endpoints() -> Vec<(&'static str, &'static str, Option<Value>, &'static [&'static str])> {
    let body = || Some(json!({ "nothing": "of use" }));
    vec![
        ("POST", "/spake/initiate", body(), &["session:initiate"]),
        ("POST", "/spake/exchange", body(), &["session:exchange"]),
        ("POST", "/spake/confirm", body(), &["session:exchange", "login"]),
        ("GET", "/spake/status/s", None, &["session:read"]),
        ("GET", "/spake/secret/s", None, &["secret:read"]),
        ("DELETE", "/spake/cleanup/s", None, &["session:admin", "session:initiate"]),
        ("GET", "/spake/sessions", None, &["session:admin"]),
        ("GET", "/spake/credentials/a/kdf", None, &["login", "credential:write"]),
        ("PUT", "/spake/credentials/a", body(), &["credential:write"]),
        ("PATCH", "/spake/credentials/a", body(), &["credential:write"]),
        ("GET", "/spake/credentials/a", None, &["credential:read"]),
        ("DELETE", "/spake/credentials/a", None, &["credential:write"]),
        ("GET", "/spake/credentials", None, &["credential:read"]),
        ("GET", "/spake/credentials/a/guesses", None, &["credential:read"]),
        ("DELETE", "/spake/credentials/a/guesses", None, &["credential:write"]),
        ("POST", "/spake/login", body(), &["login"]),
    ]
}

#[test]
fn this_list_has_every_endpoint_with_its_scopes() {
    let listed: Vec<_> =
        endpoints().iter().map(|(method, path, _, scopes)| (operation(method, path), *scopes)).collect();
    let with_scopes =
        |(.., said): &(_, _, &Value)| said["security"].as_array().is_some_and(|any| !any.is_empty());
    assert_eq!(operations().filter(with_scopes).count(), listed.len());
    for (said, scopes) in listed {
        let said = &said.unwrap()["security"];
        let documented: Vec<_> =
            said.as_array().unwrap().iter().map(|one| one["apiKey"][0].as_str().unwrap()).collect();
        assert_eq!(documented, scopes, "{said}");
    }
}

#[test]
fn every_endpoint_takes_its_own_scopes_and_no_other() {
    let file = KeysFile::new();
    let keys: Vec<_> = Scope::ALL.iter().map(|scope| (scope.name(), file.add("one", scope.name()))).collect();
    let app = file.serve(&[]);
    for (method, path, body, allowed) in endpoints() {
        let anonymous = app.called_with("").call(method, path, body.as_ref());
        anonymous.refused(401, "unknown_api_key");
        for (scope, key) in &keys {
            let answer = app.called_with(key).call(method, path, body.as_ref());
            if allowed.contains(scope) {
                // Let in, and told what is wrong with the request itself.
                assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path} with {scope}: {answer:?}");
            } else {
                let answer = answer.refused(403, "missing_scope");
                for scope in allowed {
                    assert!(answer.string("error").contains(scope), "{answer:?}");
                }
            }
        }
    }
}

#[test]
fn a_caller_without_a_key_may_do_what_anonymous_scopes_say_and_is_asked_for_one_else() {
    let file = KeysFile::new();
    file.add("backend", "session:initiate");
    for (scopes, allowed) in
        [(None, &[][..]), (Some("session:exchange,login"), &["session:exchange", "login"])]
    {
        let variables: Vec<_> = scopes.map(|scopes| ("SPAKE_ANONYMOUS_SCOPES", scopes)).into_iter().collect();
        let app = file.serve(&variables);
        app.get("/health").ok();
        for (method, path, body, any_of) in endpoints() {
            let answer = crate::support::http::request(method, &app.url, path, body.as_ref());
            if any_of.iter().any(|scope| allowed.contains(scope)) {
                assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path}: {answer:?}");
            } else {
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{method} {path}: {answer:?}");
                answer.refused(401, "missing_api_key");
            }
        }
    }
}

#[test]
fn a_wrong_key_is_never_taken_for_no_key() {
    let file = KeysFile::new();
    let key = file.add("backend", "login");
    let app = file.serve(&[("SPAKE_ANONYMOUS_SCOPES", "login")]);
    app.get("/spake/credentials/a/kdf").ok();
    let request = |authorization: &str| {
        let head = format!(
            "GET /spake/credentials/a/kdf HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n\r\n"
        );
        app.raw(head.as_bytes())
    };
    request(&format!("Authorization: bearer {key}")).ok();
    let other = KeysFile::new().add("backend", "login");
    for wrong in [
        format!("Authorization: Bearer {other}"),
        format!("Authorization: Bearer {}", &key[..key.len() - 1]),
        format!("Authorization: Bearer {key}x"),
        format!("Authorization: Basic {key}"),
        format!("Authorization: {key}"),
        "Authorization: Bearer".to_owned(),
        "Authorization:".to_owned(),
        format!("Authorization: Bearer {key}\r\nAuthorization: Bearer {key}"),
        format!("Authorization: Bearer {key}\r\nAuthorization: Bearer {other}"),
    ] {
        let answer = request(&wrong).refused(401, "unknown_api_key");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[test]
fn an_expired_key_is_an_unknown_one_and_says_so() {
    let file = KeysFile::new();
    let key = file.add_with("old", "login", &["--expires-in", "1s"]);
    let app = file.serve(&[]);
    let caller = app.called_with(&key);
    let answer = eventually("the key expires", || {
        let answer = caller.get("/spake/credentials/a/kdf");
        (answer.status != 200).then_some(answer)
    });
    assert!(answer.refused(401, "unknown_api_key").string("error").contains("expired"));
}

#[test]
fn the_keys_file_is_read_again_when_it_changes_and_a_bad_one_is_named_and_not_taken() {
    let file = KeysFile::new();
    let first = file.add("first", "login");
    let app = file.serve(&[]);
    let path = "/spake/credentials/a/kdf";
    app.called_with(&first).get(path).ok();
    let second = file.add("second", "login");
    eventually("the new key is accepted", || {
        (app.called_with(&second).get(path).status == 200).then_some(())
    });
    let text = fs::read_to_string(&file.path).unwrap();
    let without_first: String =
        text.lines().filter(|line| !line.starts_with("first ")).map(|line| format!("{line}\n")).collect();
    for (bad, mode, why) in [
        (format!("{without_first}x {first} login\n"), 0o600, "line 2: holds a key itself"),
        (without_first.trim_end().to_owned(), 0o600, "in the middle of a line"),
        (String::new(), 0o600, "has no key"),
        (without_first.clone(), 0o622, "others than its owner may write it"),
    ] {
        fs::write(&file.path, bad).unwrap();
        fs::set_permissions(&file.path, fs::Permissions::from_mode(mode)).unwrap();
        eventually("it is named", || app.log().contains(why).then_some(()));
        app.called_with(&first).get(path).ok();
    }
    fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).unwrap();
    eventually("the old key is refused", || (app.called_with(&first).get(path).status == 401).then_some(()));
    app.called_with(&second).get(path).ok();
    assert!(!app.log().contains(&first[10..]), "{}", app.log());
}

#[test]
fn apikey_makes_lists_and_checks_and_shows_a_key_once() {
    let (code, out, _) = run(&[], &["apikey", "new", "backend", "--scopes", "login,session:read"]);
    let word = |prefix: &str| out.split_whitespace().find(|word| word.starts_with(prefix)).unwrap();
    let (key, line) = (word("spk_backend_"), out.lines().find(|line| line.starts_with("backend ")).unwrap());
    assert_eq!((code, key.len()), (0, "spk_backend_".len() + 43));
    assert!(line.ends_with(" session:read,login"), "{line}");
    let file = KeysFile::new();
    fs::write(&file.path, line).unwrap();
    fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).unwrap();
    // A file of another kind is left as it is.
    let other = file.path.with_extension("other");
    fs::write(&other, "k1:AAEC\n").unwrap();
    let (code, _, err) =
        run(&[], &["apikey", "new", "x", "--scopes", "login", "--append", other.to_str().unwrap()]);
    assert!(code == 1 && err.contains("is no keys file"), "{err}");
    assert_eq!(fs::read_to_string(other).unwrap(), "k1:AAEC\n");
    // A file whose last line has no end gets one.
    let expiring = file.add_with("tmp", "login", &["--expires-in", "90days"]);
    let variables = [("SPAKE_API_KEYS_FILE", file.path())];
    let (code, out, _) = run(&variables, &["apikey", "list"]);
    assert_eq!((code, out.lines().count()), (0, 2));
    assert!(out.starts_with("backend  session:read,login  does not expire\ntmp  login  expires 20"), "{out}");
    assert!(!out.contains(&key[20..]) && !out.contains(&expiring[20..]));
    let check = |key: &str| {
        let given = file.path.with_extension("given");
        fs::write(&given, format!("{key}\n")).unwrap();
        let mut command = crate::support::command();
        command.envs(variables).args(["apikey", "check"]).stdin(fs::File::open(given).unwrap());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert_eq!(check(key), (Some(0), "backend  session:read,login  does not expire\n".to_owned()));
    let stranger = KeysFile::new().add("backend", "login");
    for (wrong, why) in [(&*stranger, "no key named backend"), ("x", "has not the form of a key")] {
        let (code, said) = check(wrong);
        assert!(code == Some(1) && said.contains(why) && !said.contains(&stranger[20..]), "{said}");
    }
    let app = file.serve(&[]);
    app.called_with(key).get("/spake/credentials/a/kdf").ok();
    let mode = fs::metadata(&KeysFile::new().tap_added().path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a file that it makes is its owner's");
}

impl KeysFile {
    fn tap_added(self) -> Self {
        self.add("any", "login");
        self
    }
}

#[test]
fn the_commands_call_with_the_key_of_the_environment_or_a_file() {
    let file = KeysFile::new();
    let key = file.add("operator", EVERYTHING);
    let app = file.serve(&[("SPAKE_ACCOUNT_KDF", "pbkdf2-hmac-sha256:600000")]);
    let list = ["credential", "list", "--url", &app.url];
    let (code, _, err) = run(&[], &list);
    assert!(code == 1 && err.contains("API key"), "{err}");
    assert_eq!(run(&[("SPAKE_API_KEY", &key)], &list), (0, String::new(), String::new()));
    let key_file = file.path.with_extension("key");
    fs::write(&key_file, format!("{key}\n")).unwrap();
    let variables = [("SPAKE_API_KEY_FILE", key_file.to_str().unwrap())];
    assert_eq!(run(&variables, &list), (0, String::new(), String::new()));
    let arguments = ["--url", &app.url, "--id", "alice", "--password", "p"];
    for command in [&["credential", "put"][..], &["login"]] {
        let (code, _, err) = run(&variables, &[command, &arguments].concat());
        assert_eq!((code, &*err), (0, ""), "{command:?}");
    }
    let (code, _, err) = run(&variables, &["credential", "list", "--url", "http://192.0.2.1:5000"]);
    assert!(code == 2 && err.contains("--allow-plain-http"), "{err}");
    let pair = ["pair", "--url", &app.url, "--password", "p", "--iterations", crate::support::ITERATIONS];
    assert_eq!(run(&variables, &pair).0, 0);
}
