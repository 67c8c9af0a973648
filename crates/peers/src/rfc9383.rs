//! Another implementation of SPAKE2+ (RFC 9383, P-256): the same computation as the service's, message for message.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use spake_protocol::spake2plus::{Prover, ProverSecret, Setting};
use spake2plus::{Context, P256Sha256 as Suite, ShareP, Verifier, VerifierRecord};

use crate::clock::timed;
use crate::{Trouble, Work};

const IDENTITIES: [&[u8]; 3] = [b"alice", b"spake-service", b"spake-service/1"];
/// w0 and L, without the masks that only the service's record has.
const PUBLISHED_RECORD_LEN: usize = 32 + 65;

pub(crate) fn verifier() -> Result<Work, Trouble> {
    let [prover_id, verifier_id, context] = IDENTITIES;
    let setting = Setting::new(prover_id, verifier_id, context).map_err(|error| error.to_string())?;
    let secret = ProverSecret::from_bytes(&[5; 32], &[6; 32]).map_err(|error| error.to_string())?;
    let ours = secret.verifier().to_bytes();
    let record = ours.get(..PUBLISHED_RECORD_LEN).ok_or("the record is too short")?;
    let record = VerifierRecord::<Suite>::from_bytes(record).map_err(|error| error.to_string())?;
    let (_, share) = Prover::start(setting, secret, &mut UnwrapErr(SysRng));
    let share = *share.as_bytes();
    Ok(Box::new(move || {
        let context = Context { context, prover_id, verifier_id };
        let (answer, spent) = timed(|| {
            let share = ShareP::<Suite>::from_bytes(&share)?;
            let (verifier, share_v) = Verifier::start(&record, &context, &mut UnwrapErr(SysRng));
            verifier.receive(&share).map(|(state, confirm_v)| (share_v, state, confirm_v))
        });
        answer.map(|_| spent).map_err(|error| error.to_string())
    }))
}
