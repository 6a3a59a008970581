// float16, bfloat16 and float32: a number as its bits, and the rounding to nearest, ties to even.

export const FORMATS = {
  float16: { exponentBits: 5, fractionBits: 10 },
  bfloat16: { exponentBits: 8, fractionBits: 7 },
  float32: { exponentBits: 8, fractionBits: 23 },
};

const bias = ({ exponentBits }) => 2 ** (exponentBits - 1) - 1;
const largestExponent = ({ exponentBits }) => 2 ** exponentBits - 1;

/** ⌊log2 x⌋ of a positive float64, read from its bits; what float64 itself holds as subnormal gives −1023. */
export function binaryExponent(x) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}

/** The nearest integer, ties to even, of 0 ≤ x < 2^52: adding 2^52 leaves no room for a fraction. */
const roundToInteger = (x) => x + 2 ** 52 - 2 ** 52;

/** The place 2^k of the last bit of x in this format; subnormal numbers share the lowest. */
export const lastPlace = (x, format) =>
  Math.max(binaryExponent(Math.abs(x)), 1 - bias(format)) - format.fractionBits;

/** The three fields {sign, exponent, fraction} of the number of this format nearest to x. */
export function encode(x, format) {
  const sign = x < 0 || Object.is(x, -0) ? 1 : 0;
  const top = largestExponent(format);
  if (Number.isNaN(x)) return { sign: 0, exponent: top, fraction: 2 ** (format.fractionBits - 1) };
  const magnitude = Math.abs(x);
  if (magnitude === Infinity) return { sign, exponent: top, fraction: 0 };
  const last = lastPlace(magnitude, format);
  const one = 2 ** format.fractionBits;
  const significand = roundToInteger(magnitude / 2 ** last);
  // A subnormal has no leading one; a significand rounded up to 2 carries into the exponent.
  const code = (last + format.fractionBits + bias(format) - 1) * one + significand;
  if (code >= top * one) return { sign, exponent: top, fraction: 0 };
  return { sign, exponent: Math.floor(code / one), fraction: code % one };
}

/** The number that the fields stand for. */
export function decode({ sign, exponent, fraction }, format) {
  const factor = sign ? -1 : 1;
  if (exponent === largestExponent(format)) return fraction ? NaN : factor * Infinity;
  const hidden = exponent ? 2 ** format.fractionBits : 0;
  const scale = Math.max(exponent, 1) - bias(format) - format.fractionBits;
  return factor * (hidden + fraction) * 2 ** scale;
}

/** x rounded to the format. */
export const round = (x, format) => decode(encode(x, format), format);

/** The fields as strings of zeros and ones. */
export function bits(x, format) {
  const { sign, exponent, fraction } = encode(x, format);
  return {
    sign: String(sign),
    exponent: exponent.toString(2).padStart(format.exponentBits, "0"),
    fraction: fraction.toString(2).padStart(format.fractionBits, "0"),
  };
}

/** The binary digits of x, which the format holds, from its first 1: a list of [k, "0" or "1"] at the place 2^k. */
export function places(x, format) {
  if (x === 0) return [];
  const digits = (x / 2 ** lastPlace(x, format)).toString(2);
  return [...digits].map((digit, i) => [binaryExponent(x) - i, digit]);
}
