// Numbers as a reader sees them.

const TIMES = "\u00d710";
export const raise = (n) => String(n).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
const lower = (n) => String(n).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[c]);

// A number to so many significant digits: 0.6590, −2.5 where there are no more, 2.1×10⁻⁹, ∞, NaN.
export function digits(x, count = 4) {
  if (Number.isNaN(x)) return "NaN";
  const sign = x < 0 || Object.is(x, -0) ? "−" : "";
  const size = Math.abs(x);
  if (size === Infinity) return `${sign}∞`;
  if (size === 0) return "0";
  if (size >= 1e-3 && size < 10 ** Math.max(count, 5)) {
    const rounded = size >= 10 ** (count - 1) ? Math.round(size) : Number(size.toPrecision(count));
    const isExact = rounded === Number(size.toPrecision(12));
    return sign + (isExact || rounded >= 10 ** (count - 1) ? rounded : size.toPrecision(count));
  }
  const [mantissa, exponent] = size.toExponential(count - 2).split("e");
  return `${sign}${mantissa}${TIMES}${raise(Number(exponent))}`;
}

// exp(x), also where that is no floating-point number: 2.0×10⁴³⁴
export function digitsOfExp(x, count = 4) {
  if (Math.abs(x) < 700) return digits(Math.exp(x), count);
  const tens = Math.floor(x / Math.LN10);
  const [mantissa, carried] = (10 ** (x / Math.LN10 - tens)).toExponential(count - 2).split("e");
  return `${mantissa}${TIMES}${raise(tens + Number(carried))}`;
}

// A setting of the reader's: no digits that nobody set.
export const setting = (x) => String(Number(x.toPrecision(6))).replace("-", "−");

// z with the index of its class: z₁₂
export const indexed = (letter, k) => letter + lower(k);

export const percent = (p) => (p > 0.9995 && p < 1 ? ">99.9" : p > 0 && p < 0.0005 ? "<0.1" : (100 * p).toFixed(1)) + "%";
