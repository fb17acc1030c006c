// The questions asked of what the server sends. Each returns the value or names the field that is not as agreed.

const TEXT_MAX = 2_000;
/** ECMA-262's largest time value. */
export const INSTANT_MAX_MS = 8.64e15;
export const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** A payload that does not have the agreed shape; the message names the field. */
export class WireError extends Error {
  /** @param {string} field @param {unknown} value */
  constructor(field, value) {
    super(`unexpected ${field}: ${JSON.stringify(value)?.slice(0, 80)}`);
    this.name = "WireError";
  }
}

/** @param {unknown} value @param {string} field @returns {Record<string, unknown>} */
export function record(value, field) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireError(field, value);
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {Record<string, unknown>} from @param {string} field @returns {string} */
export function text(from, field) {
  const value = from[field];
  if (typeof value !== "string" || value.length > TEXT_MAX) throw new WireError(field, value);
  return value;
}

/**
 * @param {Record<string, unknown>} from @param {string} field
 * @param {number} min @param {number} max @returns {number}
 */
export function number(from, field, min, max) {
  const value = from[field];
  if (typeof value !== "number" || !(value >= min && value <= max)) throw new WireError(field, value);
  return value;
}

/**
 * An address on this host, or an absolute http(s) one (a public bucket); never a script or a data address.
 * @param {Record<string, unknown>} from @param {string} field @returns {string}
 */
export function address(from, field) {
  const value = text(from, field);
  if (!/^(?:\/(?!\/)|https?:\/\/)/.test(value)) throw new WireError(field, value);
  return value;
}
