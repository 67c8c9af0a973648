//! What crosses over to the C library: 32 bytes of a scalar and 65 of a point.

use p256::elliptic_curve::ff::PrimeField as _;
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};

/// Both implementations multiply the same, and refuse the same.
pub(crate) fn multiplication(bytes: &[u8]) -> bool {
    let Ok(bytes) = <&[u8; 97]>::try_from(bytes) else { return false };
    let (Some((scalar, _)), Some((_, point))) = (bytes.split_first_chunk(), bytes.split_last_chunk()) else {
        unreachable!("97 bytes");
    };
    let k = Scalar::from_repr(FieldBytes::from(*scalar)).into_option().filter(|k| *k != Scalar::ZERO);
    let base = k.map(|k| encode(ProjectivePoint::GENERATOR * k));
    assert_eq!(p256_aws_lc::multiply_base(scalar).map(|product| *product), base);
    let product = k.zip(decode(point)).map(|(k, point)| encode(point * k));
    assert_eq!(p256_aws_lc::multiply(scalar, point).map(|product| *product), product);
    product.is_some()
}

fn decode(bytes: &[u8; 65]) -> Option<ProjectivePoint> {
    let (tag, coordinates) = bytes.split_first()?;
    let (x, y) = coordinates.split_first_chunk::<32>()?;
    let y: &[u8; 32] = y.try_into().ok()?;
    let affine = AffinePoint::from_coordinates(&FieldBytes::from(*x), &FieldBytes::from(*y)).into_option()?;
    (*tag == 4).then_some(affine.into())
}

fn encode(point: ProjectivePoint) -> [u8; 65] {
    let affine = point.to_affine();
    let mut bytes = [4; 65];
    for (byte, value) in bytes.iter_mut().skip(1).zip(affine.x().into_iter().chain(affine.y())) {
        *byte = value;
    }
    bytes
}
