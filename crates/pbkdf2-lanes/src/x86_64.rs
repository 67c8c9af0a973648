//! The iterations with SHA-NI: four rounds of each chain in turn, so that one computes while another waits.
//!
//! Nothing here branches or indexes by what it computes with. The only thing that the compiler cannot check is that the
//! CPU has the instructions.

#![allow(unsafe_code)]

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_extract_epi32, _mm_set_epi32,
    _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi32, _mm_xor_si128,
};

use crate::chain::{Chain, Words};

/// Shows that this CPU has SHA-NI.
#[derive(Clone, Copy, Debug)]
pub struct Lanes(());

impl Lanes {
    /// One, if this CPU has it.
    #[must_use]
    pub fn detect() -> Option<Self> {
        let has_it = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse2");
        has_it.then_some(Self(()))
    }

    /// So many more iterations of each.
    pub(crate) fn iterate<const N: usize>(self, chains: &mut [Chain; N], iterations: u32) {
        // SAFETY: it may be called on a CPU that has sha, sse4.1, ssse3 and sse2. There is no `Lanes` but from
        // `detect`, which has seen all four, and what a CPU has does not change under a process.
        unsafe { iterate(chains, iterations) }
    }
}

#[target_feature(enable = "sha,sse4.1,ssse3,sse2")]
fn iterate<const N: usize>(chains: &mut [Chain; N], iterations: u32) {
    let inner = chains.each_ref().map(|chain| State::load(&chain.inner));
    let outer = chains.each_ref().map(|chain| State::load(&chain.outer));
    let mut last = chains.each_ref().map(|chain| Hash::load(&chain.last));
    let mut sum = chains.each_ref().map(|chain| Hash::load(&chain.sum));
    for _ in 0..iterations {
        last = compress(&outer, compress(&inner, last));
        for (sum, last) in sum.iter_mut().zip(last) {
            sum.add(last);
        }
    }
    for (chain, (last, sum)) in chains.iter_mut().zip(last.into_iter().zip(sum)) {
        (chain.last, chain.sum) = (last.words(), sum.words());
    }
}

/// SHA-256 of a key block and a hash, for each chain: `from` is the state after the key block, the hash is the message.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3,sse2")]
fn compress<const N: usize>(from: &[State; N], messages: [Hash; N]) -> [Hash; N] {
    let mut states = *from;
    let mut schedules = messages.map(|message| Schedule::start(message));
    let mut four_rounds = |constants: [u32; 4]| {
        let constants = load(constants);
        for (state, schedule) in states.iter_mut().zip(&mut schedules) {
            state.four_rounds(schedule, constants);
            schedule.advance();
        }
    };
    // Four by hand, for the compiler leaves a loop of sixteen as it is.
    for [a, b, c, d] in ROUND_CONSTANTS {
        four_rounds(a);
        four_rounds(b);
        four_rounds(c);
        four_rounds(d);
    }
    for (state, from) in states.iter_mut().zip(from) {
        *state = state.plus(from);
    }
    states.map(|state| state.hash())
}

/// A hash: words a to d and e to h, the first in the lowest place.
#[derive(Clone, Copy)]
struct Hash {
    abcd: __m128i,
    efgh: __m128i,
}

impl Hash {
    #[inline]
    #[target_feature(enable = "sse2")]
    fn load([a, b, c, d, e, f, g, h]: &Words) -> Self {
        Self { abcd: load([*a, *b, *c, *d]), efgh: load([*e, *f, *g, *h]) }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn add(&mut self, other: Self) {
        self.abcd = _mm_xor_si128(self.abcd, other.abcd);
        self.efgh = _mm_xor_si128(self.efgh, other.efgh);
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn words(self) -> Words {
        let [a, b, c, d] = store(self.abcd);
        let [e, f, g, h] = store(self.efgh);
        [a, b, c, d, e, f, g, h]
    }
}

/// A state, in the order that the instructions want: f, e, b, a and h, g, d, c, the first in the lowest place.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[inline]
    #[target_feature(enable = "sse2")]
    fn load([a, b, c, d, e, f, g, h]: &Words) -> Self {
        Self { abef: load([*f, *e, *b, *a]), cdgh: load([*h, *g, *d, *c]) }
    }

    #[inline]
    #[target_feature(enable = "sha,sse2")]
    fn four_rounds(&mut self, schedule: &Schedule, constants: __m128i) {
        let [words, ..] = schedule.0;
        let first_two = _mm_add_epi32(words, constants);
        let last_two = _mm_shuffle_epi32::<0b00_00_11_10>(first_two);
        // Two rounds make the new a, b, e, f; the old ones are the new c, d, g, h.
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, first_two);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, last_two);
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn plus(self, other: &Self) -> Self {
        Self { abef: _mm_add_epi32(self.abef, other.abef), cdgh: _mm_add_epi32(self.cdgh, other.cdgh) }
    }

    #[inline]
    #[target_feature(enable = "sse4.1,ssse3")]
    fn hash(self) -> Hash {
        let feba = _mm_shuffle_epi32::<0b00_01_10_11>(self.abef);
        let dchg = _mm_shuffle_epi32::<0b10_11_00_01>(self.cdgh);
        Hash { abcd: _mm_blend_epi16::<0b1111_0000>(feba, dchg), efgh: _mm_alignr_epi8::<8>(dchg, feba) }
    }
}

/// The next sixteen words of the message schedule.
struct Schedule([__m128i; 4]);

impl Schedule {
    /// Of a block that is a hash and the padding after it: one bit, zeros, and the length in bits of a key block and
    /// a hash.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn start(message: Hash) -> Self {
        let (end, length) = (load([0x8000_0000, 0, 0, 0]), load([0, 0, 0, (64 + 32) * 8]));
        Self([message.abcd, message.efgh, end, length])
    }

    #[inline]
    #[target_feature(enable = "sha,ssse3")]
    fn advance(&mut self) {
        let [a, b, c, d] = self.0;
        let next = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c));
        self.0 = [b, c, d, _mm_sha256msg2_epu32(next, d)];
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn store(words: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<0>(words),
        _mm_extract_epi32::<1>(words),
        _mm_extract_epi32::<2>(words),
        _mm_extract_epi32::<3>(words),
    ]
    .map(i32::cast_unsigned)
}

/// K of FIPS 180-4, section 4.2.2.
const ROUND_CONSTANTS: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    ],
    [
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    ],
    [
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    ],
    [
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ],
];
