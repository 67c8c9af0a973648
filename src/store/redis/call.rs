//! One command or script, ready to be sent.

use std::borrow::Cow;
use std::sync::LazyLock;

use redis::{Arg, Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, ToRedisArgs, Value, cmd};

use super::connector::Connection;

/// A script of ours. All of one run in one slot and are atomic.
pub(super) struct Script {
    source: &'static str,
    hash: LazyLock<String>,
}

/// Each of one file, or of several one after another.
macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)*) => {
        $(pub(super) static $name: Script = {
            const SOURCE: &str = concat!($(include_str!(concat!("lua/", $file))),+);
            Script {
                source: SOURCE,
                hash: LazyLock::new(|| redis::Script::new(SOURCE).get_hash().to_owned()),
            }
        };)*
    };
}

scripts! {
    CREATE = "make_session.lua" "create.lua";
    REPLACE = "replace.lua";
    DELETE = "delete.lua";
    SETTLE = "settle.lua";
    COUNT = "count.lua";
    LIST = "list.lua";
    CREATE_FACT = "create_fact.lua";
    REPLACE_FACT = "replace_fact.lua";
    RAISE = "raise.lua";
    PUT_CREDENTIAL = "put_credential.lua";
    RESEAL_CREDENTIAL = "reseal_credential.lua";
    REMOVE_CREDENTIAL = "remove_credential.lua";
    LIST_CREDENTIALS = "list_credentials.lua";
    VIEW_LOGIN = "over.lua" "view_login.lua";
    COMMIT_LOGIN = "make_session.lua" "over.lua" "commit_login.lua";
    COMPLETE_LOGIN = "complete_login.lua";
    GUESSES = "guesses.lua";
}

/// A step of a migration, whose body takes the place of `--[[body]]`.
pub(super) const MIGRATE: &str = include_str!("lua/migrate.lua");

/// A command, and the script that it stands for.
pub(super) struct Call {
    command: Cmd,
    source: Option<Cow<'static, str>>,
}

impl Call {
    /// A plain command.
    pub(super) const fn command(command: Cmd) -> Self {
        Self { command, source: None }
    }

    /// A script over `keys`, all of one bucket; arguments follow with [`Call::arg`].
    pub(super) fn script(script: &Script, keys: &[&str]) -> Self {
        Self::evalsha(&script.hash, Cow::Borrowed(script.source), keys)
    }

    /// A script that is not known before the program runs.
    pub(super) fn evalsha(hash: &str, source: Cow<'static, str>, keys: &[&str]) -> Self {
        let mut command = cmd("EVALSHA");
        command.arg(hash).arg(keys.len()).arg(keys);
        Self { command, source: Some(source) }
    }

    pub(super) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sends it. A server that does not know the script yet (new, restarted, or another one since a failover) gets its
    /// text.
    pub(super) async fn send(&self, connection: &mut Connection) -> RedisResult<Value> {
        match (self.command.query_async(connection).await, &self.source) {
            (Err(error), Some(source)) if is_unknown_script(&error) => {
                self.with(source).query_async(connection).await
            }
            (answer, _) => answer,
        }
    }

    /// The same with another command after it, in one piece; the second answer may be an error and still a value.
    pub(super) async fn send_before(
        &self,
        next: &Cmd,
        slot: u16,
        connection: &mut Connection,
    ) -> RedisResult<[Value; 2]> {
        let [first, second] = connection.in_one_piece(slot, [&self.command, next]).await?;
        match (first.extract_error(), &self.source) {
            (Err(error), Some(source)) if is_unknown_script(&error) => {
                let [first, second] = connection.in_one_piece(slot, [&self.with(source), next]).await?;
                Ok([first.extract_error()?, second])
            }
            (first, _) => Ok([first?, second]),
        }
    }

    fn with(&self, source: &str) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(source);
        for argument in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                command.arg(bytes);
            }
        }
        command
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
