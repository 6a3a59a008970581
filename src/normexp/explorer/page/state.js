// What the reader has set, and its place in the address of the page: a link reproduces the view.

// Decimal notation alone, neither "Infinity" nor "0x10"; a number beyond float64 is none.
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
export function readNumber(text) {
  const x = DECIMAL.test(text.trim()) ? Number(text) : NaN;
  return Number.isFinite(x) ? x : NaN;
}

const clamp = (x, min, max) => Math.min(max, Math.max(min, x));
// Six digits, and no trace of 0.1 + 0.2.
const written = (x) => String(Number(x.toPrecision(6)));

// A field has an initial value and is written as text; text that makes no sense reads as undefined.
// `step` and `log`, a scale of powers, are for those who change it by hand.
export const number = (initial, { min = -Infinity, max = Infinity, integer = false, step = undefined, log = false } = {}) => ({
  ...{ initial, min, max, step: integer ? 1 : step, log },
  write: written,
  read(text) {
    const x = readNumber(text);
    return Number.isNaN(x) ? undefined : clamp(integer ? Math.round(x) : x, min, max);
  },
});

export const numbers = (initial, { min = -Infinity, max = Infinity, least = 1, most = Infinity } = {}) => ({
  initial,
  write: (values) => values.map(written).join(","),
  read(text) {
    const parts = text.split(",");
    if (parts.length < least || parts.length > most) return undefined;
    const values = parts.map(readNumber);
    return values.some(Number.isNaN) ? undefined : values.map((x) => clamp(x, min, max));
  },
});

// Texts of the reader's own. They can hold no markup, wherever they are shown, and nothing that no address can hold or
// that turns the direction of what follows.
const STRANGE = /[<>&"'`{}\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/gu;
export const texts = ({ most = Infinity, longest = 24 } = {}) => {
  const clean = (text) => [...text.replace(STRANGE, "").trim()].slice(0, longest).join("").trim();
  return {
    initial: [],
    write: (values) => values.join(","),
    read(text) {
      const values = text.split(",").slice(0, most).map(clean);
      return values.slice(0, values.findLastIndex((value) => value !== "") + 1);
    },
  };
};

export const choice = (initial, options) => ({
  initial,
  write: (value) => value,
  read: (text) => (options.includes(text) ? text : undefined),
});

const initials = (fields) => Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.initial]));

// The values in the part of an address behind "#"; a field that is missing there has its initial value.
export function parse(fields, hash) {
  const values = initials(fields);
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const value = Object.hasOwn(fields, key) ? fields[key].read(text) : undefined; // not "constructor"
    if (value !== undefined) values[key] = value;
  }
  return values;
}

// The other way round. What has its initial value is left out.
export function format(fields, values) {
  const parts = Object.entries(fields)
    .map(([key, field]) => [key, field.write(values[key]), field.write(field.initial)])
    .filter(([, text, initial]) => text !== initial)
    .map(([key, text]) => `${key}=${encodeURIComponent(text).replaceAll("%2C", ",")}`);
  return parts.length ? `#${parts.join("&")}` : "";
}
